"""Noise of an image without a reference: global level and power spectrum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.errors import UsageError
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.no_reference.most_frequent import SOFT_TISSUE_HU, most_frequent
from ctiqa.types import HuImage


def local_deviation(hu: HuImage, size: int = 9) -> HuImage:
    """Local standard deviation around each pixel in HU, float32 [rows, cols].

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        size: Side of the square neighbourhood in pixels.
    """
    image = np.asarray(hu, dtype=np.float64)
    mean = ndimage.uniform_filter(image, size)
    variance = ndimage.uniform_filter(image * image, size) - mean**2
    return np.asarray(np.sqrt(np.maximum(variance, 0)), dtype=np.float32)


def global_noise_level(hu: HuImage, *, size: int = 9, mask: Mask | None = None) -> float:
    """Global noise level in HU: the mode of the local SD in soft tissue.

    Structure raises the local SD only where it occurs, and the mode of the histogram ignores it.
    Christianson O et al. Automated technique to measure noise in clinical CT examinations.
    AJR 205(1):W93–W99, 2015.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        size: Side of the square neighbourhood in pixels.
        mask: Pixels that count, bool [rows, cols]; pixels outside have no influence. ``None`` for
            all.

    Returns:
        Noise in HU; NaN if the slice, or the mask, holds no patch of soft tissue.

    Raises:
        UsageError: If the mask and the image differ in shape.

    >>> noise = np.random.default_rng(0).normal(40, 12, (256, 256)).astype("float32")
    >>> 10.5 < global_noise_level(noise) < 13.5
    True
    """
    if mask is not None and mask.shape != np.shape(hu):
        raise UsageError(f"'mask' must have the shape of 'hu', {np.shape(hu)}, got {mask.shape}")
    # Tissue is found in a smoothed copy, because strong noise would hide it.
    smooth = ndimage.uniform_filter(np.asarray(hu, dtype=np.float32), size)
    soft = (smooth > SOFT_TISSUE_HU[0]) & (smooth < SOFT_TISSUE_HU[1])
    inside = ndimage.binary_erosion(soft, iterations=size // 2)
    if mask is not None:
        # Whether a patch is tissue also depends on its neighbours, up to size - 1 pixels away.
        inside &= ndimage.minimum_filter(mask, 2 * size - 1)
    return most_frequent(local_deviation(hu, size)[inside])


def square_regions(hu: HuImage, mask: Mask, size: int) -> HuImage:
    """The squares of a grid that lie entirely inside a mask, for :func:`noise_power_spectrum`.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        mask: Uniform material, bool [rows, cols].
        size: Side of a square in pixels.

    Returns:
        Regions in HU, float32 [n, size, size], in reading order; n may be 0.

    Raises:
        UsageError: If the shapes differ or ``size`` is less than 2.

    >>> mask = np.ones((64, 64), bool)
    >>> mask[:32, :32] = False
    >>> square_regions(np.zeros((64, 64), np.float32), mask, 32).shape
    (3, 32, 32)
    """
    if mask.shape != hu.shape:
        raise UsageError(f"'mask' must have the shape of 'hu', {hu.shape}, got {mask.shape}")
    if size < 2:
        raise UsageError(f"'size' must be at least 2 pixels, got {size}")
    rows, cols = (length // size for length in hu.shape)
    grid = (rows, size, cols, size)
    squares = hu[: rows * size, : cols * size].reshape(grid).swapaxes(1, 2)
    whole = mask[: rows * size, : cols * size].reshape(grid).all(axis=(1, 3))
    return np.asarray(squares[whole])


def noise_power_spectrum(
    rois: npt.NDArray[np.floating], spacing_mm: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Noise power spectrum in HU²·mm²; its sum times ΔuΔv is the variance.

    ΔxΔy/(NxNy)·⟨|DFT(ROI − trend)|²⟩, where the trend is a plane. ICRU Report 87: Radiation dose
    and image-quality assessment in computed tomography, 2012.

    Args:
        rois: Regions of uniform material in HU, [n, rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.

    Returns:
        Spectrum [rows, cols] in the order of :func:`numpy.fft.fft2`.

    Raises:
        UsageError: If the regions are not [n, rows, cols].

    >>> white = np.random.default_rng(0).normal(0, 10, (50, 32, 32))
    >>> nps = noise_power_spectrum(white, (1.0, 1.0))
    >>> bool(abs(nps.sum() / (32 * 32) - 100) < 3)
    True
    """
    if rois.ndim != 3:
        raise UsageError(f"'rois' must be [n, rows, cols], got shape {rois.shape}")
    n, rows, cols = rois.shape
    y, x = np.mgrid[:rows, :cols]
    plane = np.stack([np.ones(rows * cols), y.ravel(), x.ravel()], axis=1)
    flat = np.asarray(rois, dtype=np.float64).reshape(n, -1).T
    trend = plane @ np.linalg.lstsq(plane, flat, rcond=None)[0]
    noise = (flat - trend).T.reshape(n, rows, cols)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    return np.asarray(spacing_mm[0] * spacing_mm[1] / (rows * cols) * power)
