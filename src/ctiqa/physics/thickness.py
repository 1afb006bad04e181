"""Thick slices averaged from thin neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.types import HuImage


def average_slices(volume: npt.NDArray[np.floating], centre: int, count: int) -> HuImage:
    """Average neighbouring slices to a slice of ``count`` times the thickness.

    Args:
        volume: CT numbers in HU, [slices, rows, cols], evenly spaced along z.
        centre: Index of the middle slice.
        count: Number of slices to average, odd, ≥ 1.

    Returns:
        CT numbers in HU, float32 [rows, cols].

    Raises:
        UsageError: If ``count`` is even or < 1, or a neighbour is missing.

    >>> stack = np.arange(3, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    >>> average_slices(stack, centre=1, count=3)[0].tolist()
    [1.0, 1.0]
    """
    if count < 1 or count % 2 == 0:
        raise UsageError(f"'count' must be odd and >= 1, got {count}")
    low, high = centre - count // 2, centre + count // 2 + 1
    if low < 0 or high > len(volume):
        raise UsageError(
            f"'centre' must leave {count // 2} neighbours on both sides of {centre} "
            f"in {len(volume)} slices"
        )
    slab = np.asarray(volume[low:high], dtype=np.float32)
    return np.asarray(slab.mean(axis=0), dtype=np.float32)
