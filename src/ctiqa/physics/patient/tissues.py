"""Noise level of soft tissue, and contrast of fat and muscle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.metrics.no_reference.most_frequent import most_frequent
from ctiqa.metrics.smoothing import gaussian_smoothed
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.tissue import Patches, patches
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Floats, HuImage, Unmeasured

FAT_HU = (-150.0, -50.0)
MUSCLE_HU = (20.0, 90.0)
"""Where the peaks of the histogram are sought."""

UNIFORM = 1.5
"""Patches with more noise than this, relative to the global noise level, hold structure."""

LEAST_PATCHES = 40
"""Patches within PEAK_HU of a peak that are needed; they overlap, so these are about 3 cm²."""

PEAK_HU = 10.0

LEAST_NOISE_HU = 0.5
"""Less noise than this cannot be told from the rounding of the pixels."""


@dataclass(frozen=True, slots=True)
class TissueContrast:
    """Contrast of fat and muscle.

    Attributes:
        fat_hu: Most frequent CT number of fat in HU.
        muscle_hu: Most frequent CT number of muscle and organs like it in HU.
        noise_hu: Global noise level in HU.
    """

    fat_hu: float
    muscle_hu: float
    noise_hu: float

    @property
    def contrast_to_noise(self) -> float:
        """Contrast-to-noise ratio, (muscle - fat) / noise, dimensionless."""
        return (self.muscle_hu - self.fat_hu) / self.noise_hu


def tissue_contrast(hu: HuImage, *, body: BodyOutline | None = None) -> TissueContrast:
    """Measure the contrast of fat and muscle, and its ratio to the noise.

    CT numbers are the peaks of the histogram of the means of uniform patches of 9×9 pixels, in
    -150…-50 HU for fat and 20…90 HU for muscle. Organs without contrast agent count as muscle.

    Args:
        hu: CT numbers in HU, float [rows, cols].
        body: Outline of the body, if known already.

    Returns:
        Both CT numbers, the noise and their ratio.

    Raises:
        NotMeasurableError: With ``NO_BODY``, ``NO_TISSUE``, ``NO_NOISE``, ``NO_FAT`` or
            ``NO_MUSCLE``.

    >>> rng = np.random.default_rng(0)
    >>> y, x = np.mgrid[-128:128, -128:128]
    >>> hu = np.where(np.hypot(x, y) < 80, 60, np.where(np.hypot(x, y) < 110, -100, -1000))
    >>> found = tissue_contrast((hu + 8 * rng.standard_normal(hu.shape)).astype("float32"))
    >>> 155 < found.muscle_hu - found.fat_hu < 165, 18 < found.contrast_to_noise < 22
    (True, True)
    """
    found = patches(hu, body or find_body(hu))
    return contrast_of(found, noise_level(found))


def noise_level(found: Patches) -> float:
    """Global noise level in HU, as :func:`ctiqa.metrics.global_noise_level` on every third pixel.

    Raises:
        NotMeasurableError: With ``NO_TISSUE`` or ``NO_NOISE``.
    """
    deviations = found.deviation_hu[found.interior]
    level = most_frequent(deviations)
    if np.isnan(level):
        raise NotMeasurableError(Unmeasured.NO_TISSUE, "too little soft tissue")
    if float(np.median(deviations)) < LEAST_NOISE_HU:
        raise NotMeasurableError(
            Unmeasured.NO_NOISE, f"most of the soft tissue has less than {LEAST_NOISE_HU:g} HU"
        )
    return level


def contrast_of(found: Patches, noise_hu: float) -> TissueContrast:
    """Contrast of fat and muscle in an image whose soft tissue and noise are known.

    Raises:
        NotMeasurableError: With ``NO_FAT`` or ``NO_MUSCLE``.
    """
    uniform = found.soft & (found.deviation_hu < UNIFORM * noise_hu)
    means = found.mean_hu[uniform]
    fat = _peak(means, FAT_HU)
    if fat is None:
        raise NotMeasurableError(Unmeasured.NO_FAT, "the histogram has no peak of fat")
    muscle = _peak(means, MUSCLE_HU)
    if muscle is None:
        raise NotMeasurableError(Unmeasured.NO_MUSCLE, "the histogram has no peak of muscle")
    return TissueContrast(fat, muscle, noise_hu)


def _peak(means_hu: Floats, window_hu: tuple[float, float]) -> float | None:
    """Highest peak of a histogram inside a window; ``None`` if it has none, or a small one."""
    low, high = window_hu
    margin = 2 * PEAK_HU
    ends = (low - margin, high + margin)
    count, edges = np.histogram(means_hu, bins=round(ends[1] - ends[0]), range=ends)
    smooth = gaussian_smoothed(count, 3.0)
    middle = (edges[1:] + edges[:-1]) / 2
    inside = (middle >= low) & (middle <= high)
    top = int(np.where(inside, smooth, -1.0).argmax())
    # A slope that ends at the border of the window is a peak of something else.
    if smooth[top] < smooth[top - 5 : top + 6].max():
        return None
    near = means_hu[np.abs(means_hu - middle[top]) < PEAK_HU]
    return float(np.median(near)) if near.size >= LEAST_PATCHES else None
