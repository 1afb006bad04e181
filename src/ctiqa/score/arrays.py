"""Arrays as input: only CT numbers in HU are accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.hu import PADDING_HU, PLAUSIBLE_HU
from ctiqa.types import HuImage, Scan, Slice, SliceHeader, SliceSource

ARRAY_NAME = Path("array")
"""Stands where reports show a file name."""


def slices_from_array(array: npt.NDArray[Any]) -> tuple[Slice, ...]:
    """The slices of an array in HU.

    Args:
        array: CT numbers in HU, integer or float, [rows, cols] or [slices, rows, cols]. Values
            below -1024 (scanner padding) are raised to it.

    Raises:
        UsageError: If the array has another shape or kind of number, holds NaN or infinity, or
            does not look like HU.

    >>> slices_from_array(np.full((2, 300, 300), -1000))[1].header.source.frame
    1
    """
    hu = _checked(array)
    stack = hu if hu.ndim == 3 else hu[np.newaxis]
    return tuple(_slice(image, index) for index, image in enumerate(stack))


def scan_of(slices: tuple[Slice, ...]) -> Scan:
    """Bundle the slices of an array into a series named ``array``."""
    headers = tuple(image.header for image in slices)
    return Scan(series_uid=str(ARRAY_NAME), path=ARRAY_NAME, headers=headers)


def _slice(image: HuImage, index: int) -> Slice:
    rows, cols = image.shape
    return Slice(image, SliceHeader(SliceSource(ARRAY_NAME, index), rows=rows, cols=cols))


def _checked(array: npt.NDArray[Any]) -> HuImage:
    if array.dtype.kind not in "iuf":
        raise UsageError(f"'hu' must hold real numbers in HU, got dtype {array.dtype}")
    if array.ndim not in {2, 3} or array.size == 0:
        raise UsageError(
            f"'hu' must be [rows, cols] or [slices, rows, cols] and not empty, "
            f"got shape {array.shape}"
        )
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise UsageError("'hu' must be finite, got NaN or infinity; replace padding by -1024")
    if reason := _not_hu(low, high):
        raise UsageError(f"'hu' must be CT numbers in HU (air -1000, water 0), got {reason}")
    return np.maximum(array.astype(np.float32), np.float32(PADDING_HU))


def _not_hu(low: float, high: float) -> str | None:
    if low == high:
        return None
    if low >= 0 and high <= 1:
        return (
            f"values in [{low:g}, {high:g}], which look like display brightness; for "
            "LDCTIQAC2023 images pass 1400 * p - 1000"
        )
    if low >= 0 and high <= 255:
        return f"values in [{low:g}, {high:g}], which look like an 8-bit picture"
    if low >= 0 and high <= 65_535:
        return (
            f"no value below 0 (range [{low:g}, {high:g}]), which looks like stored pixels "
            "before the rescale; add the rescale intercept (usually -1024)"
        )
    if high > PLAUSIBLE_HU[1]:
        return f"a value of {high:g}, above anything a scanner makes"
    return None
