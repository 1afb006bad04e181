"""Arrays as input, from NumPy or torch; only CT numbers in HU are accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.arrays import AnyArray, as_numpy
from ctiqa.errors import UsageError
from ctiqa.hu import PADDING_HU
from ctiqa.io.hu.gate import why_not_hu
from ctiqa.types import HuImage, Scan, Slice, SliceHeader, SliceSource

ARRAY_NAME = Path("array")
"""Shown in reports in place of a file name."""


def slices_from_array(array: AnyArray) -> tuple[Slice, ...]:
    """Convert an array in HU to slices.

    Args:
        array: CT numbers in HU, integer or float, [rows, cols], [slices, rows, cols] or
            [slices, 1, rows, cols]; a NumPy array, or a torch tensor on any device. Values below
            -1024 (scanner padding) are clipped to it.

    Raises:
        UsageError: If the array has another shape or numeric type, is masked, contains NaN or
            infinity, or cannot be HU.

    >>> slices_from_array(np.full((2, 300, 300), -1000))[1].header.source.frame
    1
    """
    hu = _checked(as_numpy(array, "hu"))
    stack = hu.reshape(-1, *hu.shape[-2:])
    return tuple(_slice(image, index) for index, image in enumerate(stack))


def scan_of(slices: tuple[Slice, ...]) -> Scan:
    """Combine the slices of an array into a series named ``array``."""
    headers = tuple(image.header for image in slices)
    return Scan(series_uid=str(ARRAY_NAME), path=ARRAY_NAME, headers=headers)


def _slice(image: HuImage, index: int) -> Slice:
    rows, cols = image.shape
    return Slice(image, SliceHeader(SliceSource(ARRAY_NAME, index), rows=rows, cols=cols))


def _checked(hu: npt.NDArray[Any]) -> HuImage:
    if hu.dtype.kind not in "iuf":
        raise UsageError(
            f"'hu' must hold real numbers in HU, got dtype {hu.dtype}; convert it, and score "
            "slices of different sizes one by one"
        )
    with_channel = hu.ndim == 4 and hu.shape[1] == 1
    if not (hu.ndim in {2, 3} or with_channel) or hu.size == 0:
        raise UsageError(
            "'hu' must be [rows, cols], [slices, 1, rows, cols] or [slices, rows, cols] and not "
            f"empty, got shape {hu.shape}"
        )
    if not np.isfinite([hu.min(), hu.max()]).all():
        raise UsageError("'hu' must be finite, got NaN or infinity; replace padding by -1024")
    if why := why_not_hu(hu):
        raise UsageError(f"'hu' must be CT numbers in HU (air -1000, water 0), got {why}")
    return np.maximum(hu.astype(np.float32), np.float32(PADDING_HU))
