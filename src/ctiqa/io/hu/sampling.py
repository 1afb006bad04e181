"""Sample slices of a stack to check that it is in HU."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.hu.checks import Stored

MOST_SLICES = 16
LEAST_SLICES = 4
MOST_PIXELS = 1 << 22
"""Number of pixels to sample; the larger the slices, the fewer, but at least four slices."""


def spread(slices: int, pixels: int) -> list[int]:
    """Select slices to sample: the centres of equal parts, because end slices may be empty.

    Args:
        slices: Number of slices.
        pixels: Pixels per slice.

    Returns:
        Indices of slices, ascending.

    >>> spread(40, 512 * 512)
    [1, 3, 6, 8, 11, 13, 16, 18, 21, 23, 26, 28, 31, 33, 36, 38]
    """
    count = min(slices, MOST_SLICES, max(MOST_PIXELS // pixels, LEAST_SLICES))
    return [(2 * part + 1) * slices // (2 * count) for part in range(count)]


def finite_ones(planes: Iterable[Stored]) -> Stored:
    """Stack the planes without NaN and infinity; the others are refused individually when read.

    Args:
        planes: Planes of one size and type.

    Returns:
        Pixels [slices, rows, cols].

    Raises:
        RefusedError: With ``NOT_FINITE`` if no plane is finite.
    """
    kept = [plane for plane in planes if np.isfinite(plane).all()]
    if not kept:
        raise RefusedError(
            Reason.NOT_FINITE, "pixels must be finite; every sampled slice contains NaN or infinity"
        )
    return np.stack(kept)
