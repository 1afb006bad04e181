"""Degradations of a slice: drawn at random, recorded, and reproducible from the record."""

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
"""Total noise in HU up to which examples are drawn: slightly beyond useless."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """Parameters of one degraded example.

    Attributes:
        dose: Dose fraction in (0, 1], relative to the slice as acquired.
        views: View count over 360°.
        electronic: Share of the added noise variance that is electronic, in [0, 1).
        kernel_half_per_mm: Kernel of the result (see :class:`ctiqa.physics.Kernel`) in cycles/mm;
            ``None`` keeps the kernel.
        kernel_boost: Edge enhancement of that kernel.
        blur_mm: SD of a Gaussian blur in mm (focal spot, motion), 0 for none.
        denoise: Strength in [0, 1] of denoising, 0 for none.
        denoiser: Denoising method, a key of :data:`DENOISERS`.
        artefact: Kind of artefact, a key of :attr:`Scene.artefacts`; ``None`` for none.
        strength: Factor of the artefact.
        body_only: Whether everything around the patient, such as couch and blankets, is replaced
            by air.
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
        """Fields for the manifest; artefact and denoiser only if they differ from the default."""
        facts: dict[str, float | str | None] = asdict(self)
        if self.artefact is None:
            del facts["artefact"], facts["strength"]
        if self.denoiser == "tv":
            del facts["denoiser"]
        return facts


def added_noise_hu(own_noise_hu: float, dose: float, views: int) -> float:
    """Noise added by a dose and view count, as full-view equivalent RMS in HU.

    A slice of variance σ² has variance σ²/a at dose a, and N/n times that from n of N views,
    because every view keeps its photons. The added variance is the difference. It is divided by
    N/n, which the unit noise of n views already contains.

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
    """Total-variation denoising, mixed with the original like the strength levels of scanners.

    Rudin LI, Osher S, Fatemi E. Physica D 60:259–268, 1992, by Chambolle's projection.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Weight of the denoised image, in [0, 1].
    """
    from skimage.restoration import denoise_tv_chambolle  # noqa: PLC0415 - slow to load

    scale = np.float32(400.0)
    total_variation: Callable[..., HuImage] = denoise_tv_chambolle
    clean = total_variation(image / scale, weight=0.12, max_num_iter=15) * scale
    return np.asarray((1 - strength) * image + strength * clean, dtype=np.float32)


def denoise_by_wavelets(image: HuImage, strength: float) -> HuImage:
    """Wavelet shrinkage: removes fine detail with the noise and leaves blotches, like networks.

    Chang SG, Yu B, Vetterli M. IEEE Trans Image Process 9(9):1532–1546, 2000 (BayesShrink).

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Weight of the denoised image, in [0, 1].
    """
    from skimage.restoration import denoise_wavelet  # noqa: PLC0415 - slow to load

    shrink: Callable[..., HuImage] = denoise_wavelet
    low, span = np.float32(-1024), np.float32(4096)
    clean = shrink((image - low) / span, wavelet="db2", mode="soft", rescale_sigma=True)
    return np.asarray((1 - strength) * image + strength * (clean * span + low), dtype=np.float32)


def denoise_by_patches(image: HuImage, strength: float) -> HuImage:
    """Non-local means, which keeps edges sharp and makes texture waxy.

    Buades A, Coll B, Morel JM. CVPR 2005, 2:60–65.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        strength: Weight of the denoised image, in [0, 1].
    """
    from skimage.restoration import denoise_nl_means, estimate_sigma  # noqa: PLC0415 - slow to load

    non_local_means: Callable[..., HuImage] = denoise_nl_means
    estimate: Callable[[HuImage], float] = estimate_sigma
    sigma = float(estimate(image))
    clean = non_local_means(image, patch_size=3, patch_distance=4, h=0.8 * sigma, sigma=sigma)
    return np.asarray((1 - strength) * image + strength * clean, dtype=np.float32)


DENOISERS: dict[str, Callable[[HuImage, float], HuImage]] = {
    "tv": denoise_by_total_variation,
    "wavelets": denoise_by_wavelets,
    "patches": denoise_by_patches,
}
"""Denoising methods, by name."""

DENOISER_SHARES = (0.4, 0.3, 0.3)
"""Probability of each denoising method."""


def draw(scene: Scene, rng: np.random.Generator) -> Degradation:
    """Draw a degradation so that the examples of a slice cover the quality scale evenly.

    Half of the examples keep all views, one in five has another kernel, one in ten is blurred, one
    in eight is denoised, and one in five has everything around the patient removed, which must not
    affect the score. Noisy slices are not softened: this could improve them, but the label counts
    every change as a loss.
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
    """Draw a degradation of any kind, at any noise level.

    One in five examples has another kernel, one in eight is blurred, one in five is denoised. A
    share has an artefact with a log-uniform RMS between 4 HU and useless, half of these at full
    dose and views. Otherwise, dose and views are drawn as in :func:`draw`.

    Args:
        scene: The slice with its artefacts.
        rng: Random generator.
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
    """All views for half of the examples; otherwise fewer, unless the slice becomes useless."""
    usable = [v for v in VIEW_COUNTS[1:] if _least_noise(scene, v) < WORST_NOISE_HU]
    if rng.random() < 0.5 or not usable:
        return FULL_VIEWS
    return int(rng.choice(usable))


def _draw_dose(scene: Scene, views: int, rng: np.random.Generator) -> float:
    """Full dose for a quarter of the examples; otherwise log-uniform in total noise."""
    own, least = scene.own_noise_hu, _least_noise(scene, views)
    if rng.random() < 0.25:
        return 1.0
    total = math.exp(rng.uniform(math.log(least), math.log(max(WORST_NOISE_HU, 1.15 * least))))
    noise = total**2 - own**2 - scene.streak_rms[views] ** 2
    return min((FULL_VIEWS / views) / (noise / own**2 + 1), 1.0)


def _least_noise(scene: Scene, views: int) -> float:
    """Noise and streaks of a view count at full dose, in HU RMS."""
    return math.hypot(scene.own_noise_hu * math.sqrt(FULL_VIEWS / views), scene.streak_rms[views])
