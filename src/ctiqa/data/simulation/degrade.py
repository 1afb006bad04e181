"""What can be wrong with a slice: drawn, written down, and applied again from the record."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.hu import AIR_HU
from ctiqa.physics import Kernel, change_kernel
from ctiqa.recipe.data import VIEW_COUNTS
from ctiqa.types import HuImage

WORST_NOISE_HU = 130.0
"""Total noise up to which examples are drawn: a little beyond the useless."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way of making a slice worse.

    Attributes:
        dose: Dose fraction in (0, 1], relative to the slice as acquired.
        views: View count over 360°.
        electronic: Share of the added noise variance that is electronic, in [0, 1).
        kernel_half_per_mm: Kernel the image is changed to (see :class:`Kernel`); ``None`` keeps it.
        kernel_boost: Edge enhancement of that kernel.
        blur_mm: SD of a Gaussian blur in mm (focal spot, motion), 0 for none.
        denoise: Strength in [0, 1] of denoising, 0 for none.
        denoiser: How it is denoised, a key of :data:`DENOISERS`.
        artefact: Kind of artefact, a key of :attr:`Scene.artefacts`; ``None`` for none.
        strength: Factor by which the artefact is multiplied.
        body_only: Whether couch, blankets and all else around the patient are replaced by air.
        seed: Seed of the noise.
    """

    dose: float = 1.0
    views: int = FULL_VIEWS
    electronic: float = 0.0
    kernel_half_per_mm: float | None = None
    kernel_boost: float = 0.0
    blur_mm: float = 0.0
    denoise: float = 0.0
    body_only: bool = False
    seed: int = 0
    denoiser: str = "tv"
    artefact: str | None = None
    strength: float = 0.0

    def as_dict(self) -> dict[str, float | str | None]:
        """The fields, for a manifest; artefact and denoiser only where there is one."""
        facts: dict[str, float | str | None] = asdict(self)
        if self.artefact is None:
            del facts["artefact"], facts["strength"]
        if self.denoiser == "tv":
            del facts["denoiser"]
        return facts


def added_noise_hu(own_noise_hu: float, dose: float, views: int) -> float:
    """Noise, as if at full views, that dose and view count add to a slice, in HU RMS.

    A slice of variance σ² has σ²/a at dose a, and N/n times that from n of N views because every
    view keeps its photons. What is added is the difference; unit noise of n views carries the
    N/n itself, hence the division.

    >>> added_noise_hu(10.0, 0.5, FULL_VIEWS)
    10.0
    >>> added_noise_hu(10.0, 1.0, FULL_VIEWS)
    0.0
    """
    return own_noise_hu * math.sqrt(1 / dose - views / FULL_VIEWS)


def apply(scene: Scene, degradation: Degradation) -> HuImage:
    """The degraded slice in HU, float32 [rows, cols].

    The default degradation returns the slice itself.
    """
    d = degradation
    rng = np.random.default_rng(d.seed)
    added = np.float32(added_noise_hu(scene.own_noise_hu, d.dose, d.views))
    image = scene.hu + scene.streaks[d.views]
    if d.artefact is not None:
        image = image + np.float32(d.strength) * scene.artefacts[d.artefact].added_hu
    if added > 0:
        quantum = np.float32(math.sqrt(1 - d.electronic))
        image = image + added * quantum * scene.unit_noise(d.views, rng)
        if d.electronic:
            image += added * np.float32(math.sqrt(d.electronic)) * scene.unit_electronic()
    return _post_process(image, scene, d)


def _post_process(image: HuImage, scene: Scene, d: Degradation) -> HuImage:
    if d.kernel_half_per_mm is not None:
        new = Kernel(d.kernel_half_per_mm, d.kernel_boost)
        image = change_kernel(image, scene.spacing_mm, scene.kernel, new)
    if d.blur_mm:
        image = ndimage.gaussian_filter(image, [d.blur_mm / s for s in scene.spacing_mm])
    if d.denoise:
        image = DENOISERS[d.denoiser](image, d.denoise)
    if d.body_only:
        image = np.where(ndimage.binary_dilation(scene.mask, iterations=3), image, AIR_HU)
    return np.asarray(np.clip(image, -1024, 3071), dtype=np.float32)


def denoise_by_total_variation(image: HuImage, strength: float) -> HuImage:
    """Total-variation denoising, mixed with the original as scanners' iterative levels do.

    Rudin LI, Osher S, Fatemi E. Physica D 60:259–268, 1992, by Chambolle's projection.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Share of the denoised image in the mix, in [0, 1].
    """
    from skimage.restoration import denoise_tv_chambolle  # noqa: PLC0415 - slow to load

    scale = np.float32(400.0)
    total_variation: Callable[..., HuImage] = denoise_tv_chambolle
    clean = total_variation(image / scale, weight=0.12, max_num_iter=15) * scale
    return np.asarray((1 - strength) * image + strength * clean, dtype=np.float32)


def denoise_by_wavelets(image: HuImage, strength: float) -> HuImage:
    """Wavelet shrinkage: fine detail goes with the noise and blotches stay, as networks do it.

    Chang SG, Yu B, Vetterli M. IEEE Trans Image Process 9(9):1532–1546, 2000 (BayesShrink).

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Share of the denoised image in the mix, in [0, 1].
    """
    from skimage.restoration import denoise_wavelet  # noqa: PLC0415 - slow to load

    shrink: Callable[..., HuImage] = denoise_wavelet
    low, span = np.float32(-1024), np.float32(4096)
    clean = shrink((image - low) / span, wavelet="db2", mode="soft", rescale_sigma=True)
    return np.asarray((1 - strength) * image + strength * (clean * span + low), dtype=np.float32)


def denoise_by_patches(image: HuImage, strength: float) -> HuImage:
    """Non-local means: edges stay sharp and texture turns to wax.

    Buades A, Coll B, Morel JM. CVPR 2005, 2:60–65.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Share of the denoised image in the mix, in [0, 1].
    """
    from skimage.restoration import denoise_nl_means, estimate_sigma  # noqa: PLC0415 - slow to load

    likest: Callable[..., HuImage] = denoise_nl_means
    estimate: Callable[[HuImage], float] = estimate_sigma
    sigma = float(estimate(image))
    clean = likest(image, patch_size=3, patch_distance=4, h=0.8 * sigma, sigma=sigma)
    return np.asarray((1 - strength) * image + strength * clean, dtype=np.float32)


DENOISERS: dict[str, Callable[[HuImage, float], HuImage]] = {
    "tv": denoise_by_total_variation,
    "wavelets": denoise_by_wavelets,
    "patches": denoise_by_patches,
}
"""Ways of denoising an image, by name."""

DENOISER_SHARES = (0.4, 0.3, 0.3)
"""How often each is drawn."""


def draw(scene: Scene, rng: np.random.Generator) -> Degradation:
    """A random degradation that spreads the examples of a slice evenly over the quality scale.

    Half of the examples keep all views; one in five changes the kernel, one in ten is blurred,
    one in eight denoised; one in five has everything around the patient removed, which must not
    matter. Softening is left out where the slice is so noisy that it would improve it, because
    the label counts every change as a loss.
    """
    views = _draw_views(scene, rng)
    kind = rng.random()
    clean = scene.own_noise_hu < 20
    half, boost = None, 0.0
    if kind < 0.10:
        half, boost = float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.2, 1.2))
    elif kind < 0.20 and clean:
        half = float(rng.uniform(0.2, 0.4))
    return Degradation(
        dose=_draw_dose(scene, views, rng),
        views=views,
        electronic=float(rng.uniform(0, 0.5)) if rng.random() < 0.25 else 0.0,
        kernel_half_per_mm=half,
        kernel_boost=boost,
        blur_mm=float(rng.uniform(0.3, 1.2)) if 0.20 < kind < 0.30 and clean else 0.0,
        denoise=float(rng.uniform(0.3, 1.0)) if 0.30 < kind < 0.42 else 0.0,
        body_only=bool(rng.random() < 0.2),
        seed=int(rng.integers(2**31)),
    )


def draw_all(scene: Scene, rng: np.random.Generator, artefact_share: float) -> Degradation:
    """A random degradation of any kind, at any noise.

    One in five examples has another kernel, one in eight is blurred, one in five denoised;
    a share has an artefact, whose RMS is log-uniform between 4 HU and the useless, half of them in
    a slice of full dose and views. Dose and views are drawn as in :func:`draw` otherwise.

    Args:
        scene: The slice with its artefacts.
        rng: Draws.
        artefact_share: Share of the examples that have an artefact.
    """
    artefact, strength = _draw_artefact(scene, rng, artefact_share)
    alone = artefact is not None and rng.random() < 0.5
    views = FULL_VIEWS if alone else _draw_views(scene, rng)
    dose = 1.0 if alone else _draw_dose(scene, views, rng)
    kind, half, boost = rng.random(), None, 0.0
    if kind < 0.10:
        half, boost = float(rng.uniform(0.45, 0.7)), float(rng.uniform(0.2, 1.2))
    elif kind < 0.20:
        half = float(rng.uniform(0.25, 0.4))
    denoiser = str(rng.choice(list(DENOISERS), p=DENOISER_SHARES))
    denoised = 0.325 < kind < 0.525
    return Degradation(
        dose=dose,
        views=views,
        electronic=float(rng.uniform(0, 0.5)) if rng.random() < 0.25 else 0.0,
        kernel_half_per_mm=half,
        kernel_boost=boost,
        blur_mm=float(rng.uniform(0.3, 1.6)) if 0.20 < kind < 0.325 else 0.0,
        denoise=float(rng.uniform(0.3, 1.0)) if denoised else 0.0,
        body_only=bool(rng.random() < 0.2),
        seed=int(rng.integers(2**31)),
        denoiser=denoiser if denoised else "tv",
        artefact=artefact,
        strength=strength,
    )


def _draw_artefact(
    scene: Scene, rng: np.random.Generator, share: float
) -> tuple[str | None, float]:
    if not scene.artefacts or rng.random() >= share:
        return None, 0.0
    name = str(rng.choice(sorted(scene.artefacts)))
    rms_hu = math.exp(rng.uniform(math.log(4.0), math.log(WORST_NOISE_HU)))
    return name, scene.artefacts[name].strength_for(rms_hu)


def _draw_views(scene: Scene, rng: np.random.Generator) -> int:
    """All views for one in two; else fewer, as long as the slice is not beyond use already."""
    usable = [v for v in VIEW_COUNTS[1:] if _least_noise(scene, v) < WORST_NOISE_HU]
    if rng.random() < 0.5 or not usable:
        return FULL_VIEWS
    return int(rng.choice(usable))


def _draw_dose(scene: Scene, views: int, rng: np.random.Generator) -> float:
    """Full dose for one in four; else the dose that makes the total noise log-uniform."""
    own, least = scene.own_noise_hu, _least_noise(scene, views)
    if rng.random() < 0.25:
        return 1.0
    total = math.exp(rng.uniform(math.log(least), math.log(max(WORST_NOISE_HU, 1.15 * least))))
    noise = total**2 - own**2 - scene.streak_rms[views] ** 2
    return min((FULL_VIEWS / views) / (noise / own**2 + 1), 1.0)


def _least_noise(scene: Scene, views: int) -> float:
    """Noise and streaks of a view count at full dose, in HU RMS."""
    return math.hypot(scene.own_noise_hu * math.sqrt(FULL_VIEWS / views), scene.streak_rms[views])
