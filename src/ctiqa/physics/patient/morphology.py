"""Erosion, dilation, pieces and holes of small masks, with NumPy alone.

SciPy takes longer to load than a slice takes to score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    parts = labelled(rest)
    return np.asarray(parts[1:-1, 1:-1] != parts[0, 0])


def labelled(mask: Mask) -> npt.NDArray[np.intp]:
    """The connected pieces of a mask, by the four neighbours.

    Runs of each row are the nodes of a graph; touching runs of neighbouring rows are its edges. A
    run takes the smallest number among its neighbours until nothing changes, and numbers are
    followed to the one that they refer to (pointer jumping: Shiloach Y, Vishkin U. J Algorithms
    3(1):57-67, 1982).

    Returns:
        The number of the piece, from 1, in the order of their first blocks; 0 outside the mask.

    >>> labelled(np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]], dtype=bool)).tolist()
    [[1, 0, 2], [0, 0, 2], [3, 3, 0]]
    """
    starts, stops, wide = _runs(mask)
    above, below = _touching(starts, stops, wide)
    piece = np.arange(starts.size)
    while True:
        least = piece.copy()
        np.minimum.at(least, above, piece[below])
        np.minimum.at(least, below, piece[above])
        least = least[least]
        if np.array_equal(least, piece):
            break
        piece = least
    _, number = np.unique(piece, return_inverse=True)
    flat = np.zeros(mask.shape[0] * wide + 1, dtype=np.intp)
    np.add.at(flat, starts, number + 1)
    np.add.at(flat, stops, -(number + 1))
    return np.asarray(np.cumsum(flat)[:-1].reshape(mask.shape[0], wide)[:, :-1])


def _runs(mask: Mask) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], int]:
    """First and last-but-one place of every run, row after row, and the length of a row.

    Rows get one empty place at their end, so that no run goes on in the next row.
    """
    padded = np.pad(mask, ((0, 0), (0, 1)))
    edges = np.diff(padded.ravel().astype(np.int8), prepend=0)
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), padded.shape[1]


def _touching(
    starts: npt.NDArray[np.intp], stops: npt.NDArray[np.intp], wide: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs of runs that lie above each other in neighbouring rows."""
    first = np.searchsorted(stops + wide, starts, side="right")
    last = np.searchsorted(starts + wide, stops, side="left")
    count = np.maximum(last - first, 0)
    below = np.repeat(np.arange(starts.size), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return first[below] + within, below
