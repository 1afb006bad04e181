"""Crops of some slices, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ctiqa.benchmarking.cases import Case
from ctiqa.benchmarking.edges import edges_of
from ctiqa.benchmarking.measuring import Measured
from ctiqa.errors import RefusedError
from ctiqa.hu import Window, apply_window, body_mask
from ctiqa.metrics.no_reference.most_frequent import SOFT_TISSUE_HU
from ctiqa.score.png import Pixels8
from ctiqa.types import HuImage, SliceHeader

PLACES = (1 / 6, 1 / 2, 5 / 6)
"""Which slices are shown, as fractions of all slices compared."""

SIDE = 160
"""Side of a crop in pixels."""

Read = Callable[[SliceHeader], HuImage]
"""Returns the pixels of a slice; may raise RefusedError."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    """Crops of one slice.

    Attributes:
        case: The slice.
        crops: The reference, the input and the methods in the window, uint8 [rows, cols].
    """

    case: Case
    crops: tuple[Pixels8, ...]


def make_pictures(measured: Sequence[Measured], read: Read, window: Window) -> tuple[Pictured, ...]:
    """Read three slices again and crop them where the reference has most edges of soft tissue.

    A slice that cannot be read again is left out.
    """
    chosen = dict.fromkeys(int(place * len(measured)) for place in PLACES)
    found = []
    for index in chosen:
        case = measured[index].case
        try:
            images = [read(header) for header in case.headers]
        except RefusedError:
            continue
        box = crop_box(images[0])
        found.append(Pictured(case, tuple(_grey(image[box], window) for image in images)))
    return tuple(found)


def crop_box(reference: HuImage) -> tuple[slice, slice]:
    """Rows and columns of the square with the most edges in and around soft tissue."""
    smooth = ndimage.gaussian_filter(reference, 2.0)
    soft = (smooth > SOFT_TISSUE_HU[0]) & (smooth < SOFT_TISSUE_HU[1])
    edges = edges_of(reference, body_mask(reference)).crest & soft
    sides = tuple(min(SIDE, length) for length in reference.shape)
    sums = np.pad(edges.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    rows, cols = sides
    counts = sums[rows:, cols:] - sums[:-rows, cols:] - sums[rows:, :-cols] + sums[:-rows, :-cols]
    row, col = np.unravel_index(int(counts.argmax()), counts.shape)
    return slice(int(row), int(row) + rows), slice(int(col), int(col) + cols)


def _grey(hu: HuImage, window: Window) -> Pixels8:
    return np.round(apply_window(hu, window) * 255).astype(np.uint8)
