"""Real slices for the tests of measures: the chest that comes with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

import numpy as np

from ctiqa.io import find_scans, read_slice
from ctiqa.types import HuImage

ROWS, COLS = slice(80, 400), slice(70, 422)
"""The patient of the example scan; not square, so that swapped axes are detected."""


@cache
def example_slices() -> tuple[HuImage, ...]:
    """Three of the slices [320, 352]: liver, heart, shoulders."""
    with as_file(files("ctiqa") / "assets" / "example") as folder:
        (scan,) = find_scans([folder]).scans
        chosen = (scan.headers[k] for k in (1, 5, 8))
        return tuple(np.ascontiguousarray(read_slice(each).hu[ROWS, COLS]) for each in chosen)
