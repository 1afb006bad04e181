"""Degradations of a slice: recorded, and reproducible from the record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

from ctiqa.data.simulation.filters import FILTERS, mixed, total_variation
from ctiqa.data.simulation.scene import FULL_VIEWS, Scene
from ctiqa.hu import AIR_HU
from ctiqa.physics import Kernel, change_kernel
from ctiqa.types import HuImage

VARIATION_WEIGHT = 0.12
"""Weight of the variation in denoising by total variation (``denoise``)."""


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
        denoise: Weight in [0, 1] of the image denoised by total variation, 0 for none.
        artefact: Kind of artefact, a key of :attr:`Scene.artefacts`; ``None`` for none.
        strength: Factor of the artefact.
        body_only: Whether everything around the patient, such as couch and blankets, is replaced
            by air.
        seed: Seed of the noise.
        filter: Family of filters, a key of :data:`ctiqa.data.simulation.filters.FILTERS`, that the
            finished image goes through; ``None`` for none.
        filter_strength: Strength of the filter, in the unit of its family.
        filter_share: Share of the filtered image in the mix with the image before it.
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
    artefact: str | None = None
    strength: float = 0.0
    filter: str | None = None
    filter_strength: float = 0.0
    filter_share: float = 1.0

    def as_dict(self) -> dict[str, float | str | None]:
        """Fields for the manifest; artefact and filter only if there is one."""
        facts: dict[str, float | str | None] = asdict(self)
        if self.artefact is None:
            del facts["artefact"], facts["strength"]
        if self.filter is None:
            del facts["filter"], facts["filter_strength"], facts["filter_share"]
        return facts

    def sharpens(self, scene: Scene) -> bool:
        """Whether the kernel that the image is changed to is sharper than its own."""
        half = self.kernel_half_per_mm
        return half is not None and (self.kernel_boost > 0 or half > scene.kernel.half_per_mm)

    def smooths(self, scene: Scene) -> bool:
        """Whether what is done to the finished image takes noise and detail away together."""
        softer = self.kernel_half_per_mm is not None and not self.sharpens(scene)
        return softer or bool(self.blur_mm or self.denoise) or self.filter is not None


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
    return finish(acquire(scene, degradation), scene, degradation)


def acquire(scene: Scene, degradation: Degradation) -> HuImage:
    """The slice as the scanner gives it: dose, views, artefact and, if it is sharper, kernel.

    What smooths is left to :func:`finish`.

    Returns:
        CT numbers in HU, float32 [rows, cols].
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
    return _with_kernel(image, scene, d) if d.sharpens(scene) else image


def finish(image: HuImage, scene: Scene, degradation: Degradation) -> HuImage:
    """What is done to an acquired image: softer kernel, blur, denoising, filter, surroundings."""
    d = degradation
    if d.kernel_half_per_mm is not None and not d.sharpens(scene):
        image = _with_kernel(image, scene, d)
    if d.blur_mm:
        image = ndimage.gaussian_filter(image, [d.blur_mm / s for s in scene.spacing_mm])
    if d.denoise:
        image = mixed(image, total_variation(image, VARIATION_WEIGHT), d.denoise)
    if d.filter is not None:
        filtered = FILTERS[d.filter].apply(image, d.filter_strength)
        image = mixed(image, filtered, d.filter_share)
    if d.body_only:
        image = np.where(ndimage.binary_dilation(scene.mask, iterations=3), image, AIR_HU)
    return np.asarray(np.clip(image, -1024, 3071), dtype=np.float32)


def _with_kernel(image: HuImage, scene: Scene, d: Degradation) -> HuImage:
    if d.kernel_half_per_mm is None:
        return image
    new = Kernel(d.kernel_half_per_mm, d.kernel_boost)
    return change_kernel(image, scene.spacing_mm, scene.kernel, new)
