"""What can be wrong with a slice: drawn, written down, and applied again from the record."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

from ctiqa.data.scene import FULL_VIEWS, Scene
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
        denoise: Strength in [0, 1] of total-variation denoising, 0 for none.
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

    def as_dict(self) -> dict[str, float | None]:
        """The fields, for a manifest."""
        return asdict(self)


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
        image = denoise(image, d.denoise)
    if d.body_only:
        image = np.where(ndimage.binary_dilation(scene.mask, iterations=3), image, AIR_HU)
    return np.asarray(np.clip(image, -1024, 3071), dtype=np.float32)


def denoise(image: HuImage, strength: float) -> HuImage:
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
