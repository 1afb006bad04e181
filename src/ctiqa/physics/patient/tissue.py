"""Soft tissue of a slice in overlapping patches of 9×9 pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.metrics.no_reference.most_frequent import SOFT_TISSUE_HU
from ctiqa.physics.patient.blocks import BLOCK, block_means, windows
from ctiqa.physics.patient.body import BodyOutline
from ctiqa.physics.patient.morphology import Mask, eroded
from ctiqa.types import Floats, HuImage

PATCH = 9
"""Side of a patch in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Statistics of the patches of an image; patch [i, j] begins at pixel [3i, 3j] of ``hu``.

    Attributes:
        hu: The part of the image that holds the body.
        soft: Whether the patch lies in soft tissue inside the body, bool [i, j].
        mean_hu: Mean in HU, float64 [i, j].
        deviation_hu: Population standard deviation in HU, float64 [i, j].
    """

    hu: HuImage
    soft: Mask
    mean_hu: Floats
    deviation_hu: Floats

    @property
    def interior(self) -> Mask:
        """Soft patches whose four neighbours are soft too, as for the global noise level."""
        return self.soft & eroded(np.pad(self.soft, 1))[1:-1, 1:-1]

    def squares(self, size: int, kept: Mask, most: int) -> HuImage:
        """Squares of the image that consist of kept patches, spread evenly over it.

        Args:
            size: Side of a square in pixels, ≥ 9.
            kept: Patches that may be part of a square, bool [i, j].
            most: Highest number of squares; they overlap.

        Returns:
            CT numbers in HU, float32 [n, size, size]; n may be 0.
        """
        span = (size - PATCH) // BLOCK + 1
        empty = np.zeros((0, size, size), dtype=np.float32)
        if min(kept.shape) < span or min(self.hu.shape) < size:
            return empty
        whole = windows(kept.astype(np.float32), span) > 1 - 1e-6
        row, col = np.nonzero(whole)
        fits = (row * BLOCK + size <= self.hu.shape[0]) & (col * BLOCK + size <= self.hu.shape[1])
        row, col = row[fits], col[fits]
        step = max(1, -(-row.size // most))
        view = np.lib.stride_tricks.sliding_window_view(self.hu, (size, size))
        return view[row[::step] * BLOCK, col[::step] * BLOCK] if row.size else empty


def patches(hu: HuImage, body: BodyOutline) -> Patches:
    """Statistics of the patches of an image around its body."""
    rows, cols = body.box
    part = np.ascontiguousarray(hu[rows, cols], dtype=np.float32)
    blocks = tuple(slice(s.start // BLOCK, s.stop // BLOCK) for s in (rows, cols))
    size = PATCH // BLOCK
    mean = windows(body.mean_hu[blocks], size)
    # In single precision the variance of soft tissue is right to 0.02 HU².
    square = windows(block_means(part * part), size)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    inside = windows(body.mask[blocks].astype(np.float32), size) > 1 - 1e-6
    soft = inside & (mean > SOFT_TISSUE_HU[0]) & (mean < SOFT_TISSUE_HU[1])
    return Patches(part, soft, mean, deviation)
