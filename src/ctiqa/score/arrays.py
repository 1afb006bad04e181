"""Arrays as input: only CT numbers in HU are accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.hu import PADDING_HU
from ctiqa.io.hu.gate import why_not_hu
from ctiqa.types import HuImage, Scan, Slice, SliceHeader, SliceSource

ARRAY_NAME = Path("array")
"""Stands where reports show a file name."""


def slices_from_array(array: npt.NDArray[Any]) -> tuple[Slice, ...]:
    """The slices of an array in HU.

    Args:
        array: CT numbers in HU, integer or float, [rows, cols] or [slices, rows, cols]. Values
            below -1024 (scanner padding) are raised to it.

    Raises:
        UsageError: If the array has another shape or kind of number, is masked, holds NaN or
            infinity, or cannot be HU.

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
    if np.ma.is_masked(array):
        raise UsageError(
            "'hu' must not be masked; fill what is masked, by -1024 for no measurement"
        )
    hu = np.asarray(array)
    if hu.dtype.kind not in "iuf":
        raise UsageError(f"'hu' must hold real numbers in HU, got dtype {hu.dtype}")
    if hu.ndim not in {2, 3} or hu.size == 0:
        raise UsageError(
            f"'hu' must be [rows, cols] or [slices, rows, cols] and not empty, got shape {hu.shape}"
        )
    if not np.isfinite([hu.min(), hu.max()]).all():
        raise UsageError("'hu' must be finite, got NaN or infinity; replace padding by -1024")
    if why := why_not_hu(hu):
        raise UsageError(f"'hu' must be CT numbers in HU (air -1000, water 0), got {why}")
    return np.maximum(hu.astype(np.float32), np.float32(PADDING_HU))
