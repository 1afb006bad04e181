"""A look at some slices of many, before all of them are believed to be in HU."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.hu.checks import Stored

MOST_SLICES = 16
LEAST_SLICES = 4
MOST_PIXELS = 1 << 22
"""Pixels that are looked at: of large slices fewer are, but never fewer than four."""


def spread(slices: int, pixels: int) -> list[int]:
    """Which slices to look at: the middles of equal parts, because end slices may be empty.

    Args:
        slices: How many there are.
        pixels: Pixels of each.

    Returns:
        Numbers of slices from 0, in order.

    >>> spread(40, 512 * 512)
    [1, 3, 6, 8, 11, 13, 16, 18, 21, 23, 26, 28, 31, 33, 36, 38]
    """
    count = min(slices, MOST_SLICES, max(MOST_PIXELS // pixels, LEAST_SLICES))
    return [(2 * part + 1) * slices // (2 * count) for part in range(count)]


def finite_ones(planes: Iterable[Stored]) -> Stored:
    """Stack the planes that hold neither NaN nor infinity; the others are refused one by one.

    Args:
        planes: Planes of one size and type.

    Returns:
        Pixels [slices, rows, cols].

    Raises:
        RefusedError: With ``NOT_FINITE`` if there is no other.
    """
    kept = [plane for plane in planes if np.isfinite(plane).all()]
    if not kept:
        raise RefusedError(
            Reason.NOT_FINITE, "pixels must be finite; every slice looked at holds NaN or infinity"
        )
    return np.stack(kept)
