"""Which part of a slice is shown, in which window, and how large."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.hu import BODY_THRESHOLD_HU
from ctiqa.types import HuImage

BodyMask = npt.NDArray[np.bool_]
"""True inside the body, [rows, cols]."""

Box = tuple[slice, slice]
"""Rows and columns."""

MARGIN = 0.03
"""Margin of air around the body, as a fraction of the matrix."""

LUNG_HU = (-950.0, -500.0)
"""Range of CT numbers of aerated lung, inside the body."""


def body_box(mask: BodyMask) -> Box:
    """Rows and columns that contain the body, with a margin; all of them if there is no body."""
    if not mask.any():
        return slice(None), slice(None)
    margin = round(MARGIN * max(mask.shape))
    rows, cols = (
        slice(max(int(hits[0]) - margin, 0), int(hits[-1]) + margin + 1)
        for hits in (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    )
    return rows, cols


def lung_share(hu: HuImage, mask: BodyMask) -> float:
    """Fraction of the body that is aerated lung; 0 if there is no body."""
    inside = hu[mask]
    if inside.size == 0:
        return 0.0
    low, high = LUNG_HU
    return float(np.mean((inside > low) & (inside < min(high, BODY_THRESHOLD_HU))))


def shrink(image: npt.NDArray[Any], side: int) -> npt.NDArray[np.float32]:
    """Average blocks of pixels, so that no side is longer than ``side``.

    Args:
        image: [rows, cols] or [rows, cols, channels].
        side: Largest side in pixels; smaller images are kept, to preserve noise.

    >>> shrink(np.float32([[1, 3], [5, 7]]), 1).tolist()
    [[4.0]]
    """
    factor = -(-max(image.shape[:2]) // side)
    rows, cols = (length // factor for length in image.shape[:2])
    cut = image[: rows * factor, : cols * factor]
    blocks = cut.reshape(rows, factor, cols, factor, *image.shape[2:])
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)
