"""Pixels of a derived image: encoding in 16 bits, and the Image Pixel attributes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from ctiqa.data.derived_dicom.source_image import MaskImage, SourceImage, stored_pixels
from ctiqa.errors import UsageError
from ctiqa.hu import PADDING_HU, PLAUSIBLE_HU
from ctiqa.io.hu.checks import Stored
from ctiqa.types import HuImage

FloatValues = npt.NDArray[np.float64]


def limits_hu(source: SourceImage) -> tuple[float, float]:
    """Lowest and highest CT number in HU that fits 16 bits and is read back as HU."""
    slope, intercept = source.rescale
    bounds = np.iinfo(source.dtype)
    low, high = slope * bounds.min + intercept, slope * bounds.max + intercept
    return max(low, PADDING_HU), min(high, PLAUSIBLE_HU[1])


def encode(hu: HuImage, padding: MaskImage, source: SourceImage) -> Stored:
    """Encode CT numbers as stored pixels, 16 bits, [rows, cols]; padding as in the source.

    Raises:
        UsageError: If ``hu`` has another matrix, or measured pixels out of range.
    """
    if hu.shape != padding.shape:
        raise UsageError(f"'hu' must have the source's matrix {padding.shape}, got {hu.shape}")
    slope, intercept = source.rescale
    measured = hu[~padding].astype(np.float64)
    steps = np.rint((measured - intercept) / slope)
    _check_fit(measured, steps, source)
    pixels = np.zeros(hu.shape, dtype=source.dtype)
    pixels[~padding] = steps
    if padding.any():
        kept = stored_pixels(source).astype(source.dtype)[padding]
        _step_aside(pixels, int(kept.min()), int(kept.max()))
        pixels[padding] = kept
    return pixels


def _check_fit(measured: FloatValues, steps: FloatValues, source: SourceImage) -> None:
    """Refuse CT numbers that cannot be stored or read back."""
    bounds = np.iinfo(source.dtype)
    # Comparisons with NaN are false.
    in_hu = (measured >= PADDING_HU) & (measured <= PLAUSIBLE_HU[1])
    if not np.all(in_hu & (steps >= bounds.min) & (steps <= bounds.max)):
        low, high = limits_hu(source)
        raise UsageError(
            f"'hu' must lie in {low:g}…{high:g} HU to be stored like "
            f"'{source.file.location.path.name}', got {measured.min():g}…{measured.max():g}; "
            "clip it to storable_hu(source)"
        )


def _step_aside(pixels: Stored, low: int, high: int) -> None:
    """Move measured pixels in the padding range to the nearest value outside it."""
    aside = high + 1 if high < np.iinfo(pixels.dtype).max else low - 1
    pixels[(pixels >= low) & (pixels <= high)] = aside


def describe_pixels(
    image: Dataset, pixels: Stored, padding: MaskImage, source: SourceImage
) -> None:
    """Add the pixels and their description (PS3.3, Image Pixel Module)."""
    # The instance UID is derived from the content instead.
    image.set_pixel_data(pixels, source.layout.photometric, 16, generate_instance_uid=False)
    image.RescaleType = "HU"
    if padding.any():
        low, high = int(pixels[padding].min()), int(pixels[padding].max())
        image.PixelPaddingValue = low
        if high > low:
            image.PixelPaddingRangeLimit = high
