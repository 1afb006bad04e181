"""Erosion, dilation and holes of small masks, without the overhead of general filters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
"""bool [rows, cols]."""


def dilated(mask: Mask, times: int = 1) -> Mask:
    """The mask grown by ``times`` steps to the four neighbours.

    >>> int(dilated(np.eye(1, 5, 2, dtype=bool)).sum())
    3
    """
    grown = np.array(mask, dtype=bool)
    for _ in range(times):
        last = grown.copy()
        grown[1:] |= last[:-1]
        grown[:-1] |= last[1:]
        grown[:, 1:] |= last[:, :-1]
        grown[:, :-1] |= last[:, 1:]
    return grown


def eroded(mask: Mask, times: int = 1) -> Mask:
    """The mask shrunk by ``times`` steps; the outside of the matrix takes nothing away.

    >>> int(eroded(np.ones((3, 5), dtype=bool)).sum())
    15
    """
    return ~dilated(~mask, times)


def filled(mask: Mask) -> Mask:
    """The mask with its holes: all that is not connected to the border of the matrix.

    >>> ring = np.ones((3, 3), dtype=bool)
    >>> ring[1, 1] = False
    >>> bool(filled(ring).all())
    True
    """
    rest = np.pad(~mask, 1, constant_values=True)
    parts, _ = ndimage.label(rest)
    return np.asarray(parts[1:-1, 1:-1] != parts[0, 0])
