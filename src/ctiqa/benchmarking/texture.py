"""Noise texture: mean and peak frequency of the noise power spectrum in uniform soft tissue.

Samei E et al. Performance evaluation of computed tomography systems: Summary of AAPM Task Group
233. Med Phys 46(11):e735–e756, 2019. Regions are uniform in the reference, so that anatomy is not
mistaken for noise, and are the same in all images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.no_reference.most_frequent import SOFT_TISSUE_HU
from ctiqa.metrics.no_reference.noise import noise_power_spectrum
from ctiqa.types import Floats, HuImage

SIDE = 32
"""Side of a region in pixels."""

STEP = 8
"""Distance between possible regions in pixels."""

MOST_OTHER = 0.005
"""Largest share of a region that may be an edge or other than soft tissue."""

SMOOTH = 2.0
"""Standard deviation of the Gaussian that finds soft tissue under noise, in pixels."""

Corner = tuple[int, int]


class Texture(NamedTuple):
    """Frequencies in cycles per mm, or per pixel if the spacing is unknown; NaN if not measured."""

    mean: float
    peak: float


UNKNOWN = Texture(float("nan"), float("nan"))


def uniform_regions(reference: HuImage, mask: Mask, edges: Mask) -> list[Corner]:
    """Upper left corners of the uniform squares of soft tissue; they may overlap.

    Args:
        reference: CT numbers in HU, float32 [rows, cols].
        mask: Pixels that count, bool [rows, cols].
        edges: Pixels with a gradient stronger than noise, bool [rows, cols].
    """
    smooth = ndimage.gaussian_filter(np.asarray(reference, dtype=np.float32), SMOOTH)
    soft = (smooth > SOFT_TISSUE_HU[0]) & (smooth < SOFT_TISSUE_HU[1])
    other = (~(mask & soft) | edges).astype(np.int64)
    sums = np.pad(other.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    counts = sums[SIDE:, SIDE:] - sums[:-SIDE, SIDE:] - sums[SIDE:, :-SIDE] + sums[:-SIDE, :-SIDE]
    uniform = counts[::STEP, ::STEP] <= MOST_OTHER * SIDE**2
    return [(int(row) * STEP, int(col) * STEP) for row, col in np.argwhere(uniform)]


def texture_of(
    hu: HuImage, regions: Sequence[Corner], spacing_mm: tuple[float, float] | None
) -> Texture:
    """Frequencies of the noise of an image.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        regions: Corners of the regions.
        spacing_mm: Pixel spacing (row, column); ``None`` gives cycles per pixel.

    >>> white = np.random.default_rng(0).normal(40, 10, (256, 256)).astype(np.float32)
    >>> everywhere = np.ones(white.shape, bool)
    >>> corners = uniform_regions(white * 0, everywhere, ~everywhere)
    >>> mean, _ = texture_of(white, corners, (0.5, 0.5))
    >>> round(mean, 1)  # white noise: half of the highest frequency of 1 / mm
    0.5
    """
    if not regions:
        return UNKNOWN
    rois = np.stack([hu[row : row + SIDE, col : col + SIDE] for row, col in regions])
    spacing = spacing_mm or (1.0, 1.0)
    frequency, power = radial_spectrum(noise_power_spectrum(rois, spacing), spacing)
    total = float(power.sum())
    if not total > 0:
        return UNKNOWN
    return Texture(float(frequency @ power) / total, float(frequency[power.argmax()]))


def radial_spectrum(
    spectrum: Floats, spacing_mm: tuple[float, float]
) -> tuple[Floats, npt.NDArray[np.float64]]:
    """Average a spectrum over all directions.

    Args:
        spectrum: Noise power spectrum [n, n], in the order of :func:`numpy.fft.fft2`.
        spacing_mm: Pixel spacing (row, column).

    Returns:
        Frequencies up to the highest that all directions have, without 0, and the mean power at
        each.
    """
    side = len(spectrum)
    step = 1 / (side * max(spacing_mm))
    down, across = (np.fft.fftfreq(side, spacing) for spacing in spacing_mm)
    ring = np.rint(np.hypot(down[:, None], across[None, :]) / step).astype(int).ravel()
    counts = np.bincount(ring)
    sums = np.bincount(ring, spectrum.ravel())
    rings = np.arange(1, side // 2 + 1)
    return np.asarray(rings * step), sums[rings] / counts[rings]
