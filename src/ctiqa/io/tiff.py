"""TIFF: signed integers in HU, or floats in [0, 1] where the user vouches for the convention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tifffile import TiffFile

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import open_file
from ctiqa.io.hu_checks import Stored, check_convention, check_matrix, to_hu
from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.io.silence import foreign
from ctiqa.types import HuImage, SliceHeader, SliceSource

CHALLENGE = (1400.0, -1000.0)
"""(slope, intercept) of LDCTIQAC2023 (2023): pixels are clip(HU, -1000, 400) scaled to [0, 1]."""

ROUNDING = 1e-3
"""How far outside [0, 1] a pixel may lie."""

COMPRESSIONS = {1: "none", 8: "deflate", 32946: "deflate"}
"""TIFF compressions that are read without a further library."""

MAX_PAGES = 20_000


def read_headers(path: Path, options: ReadOptions) -> Contents:
    """Describe the pages of a TIFF, and look at the middle one.

    Args:
        path: The file.
        options: ``tiff_hu`` vouches for floats in [0, 1].

    Returns:
        One header a page.

    Raises:
        RefusedError: If the file is damaged, coloured, or in an unknown HU convention.
    """
    with _opened(path) as tiff:
        pages = tiff.pages[:MAX_PAGES]
        headers = tuple(_header(path, page, index) for index, page in enumerate(pages))
        if not headers:
            raise RefusedError(Reason.NO_PIXELS, "the TIFF holds no page")
        middle = pages[len(pages) // 2]
        _check_type(middle.dtype, options)
        _hu(middle)
    return Contents(headers)


def read_hu(header: SliceHeader, options: ReadOptions) -> HuImage:
    """Read one page of a TIFF.

    Args:
        header: A header of :func:`read_headers`.
        options: The options it was found with.

    Returns:
        HU, float32 [rows, cols], at least -1024.

    Raises:
        RefusedError: If the page is damaged or not in HU.
    """
    with _opened(header.source.file) as tiff:
        page = tiff.pages[header.source.frame]
        _header(header.source.file, page, header.source.frame)
        _check_type(page.dtype, options)
        return _hu(page)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a TIFF; whatever the library raises inside is a refusal."""
    with open_file(path) as stream, foreign("the TIFF"), TiffFile(stream) as tiff:
        yield tiff


def _header(path: Path, page: Any, index: int) -> SliceHeader:
    """Describe one page, or refuse it."""
    if page.samplesperpixel != 1 or len(page.shape) != 2:
        raise RefusedError(Reason.COLOUR, "pages must be one grey value a pixel")
    if int(page.compression) not in COMPRESSIONS:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            "TIFF pages must be uncompressed or deflated; save them without compression",
        )
    rows, cols = page.shape
    check_matrix(rows, cols)
    flags = ("orientation_unknown", "spacing_unknown")
    return SliceHeader(SliceSource(path, index), rows, cols, flags=flags)


def _check_type(dtype: np.dtype[Any], options: ReadOptions) -> None:
    """Refuse types that say nothing about HU."""
    if dtype.kind == "i" and dtype.itemsize >= 2:
        return
    if dtype.kind == "f" and options.tiff_hu:
        return
    remedy = (
        "pass --tiff-hu if they follow LDCTIQAC2023 (HU = 1400·p − 1000)"
        if dtype.kind == "f"
        else "save HU as signed 16-bit integers"
    )
    raise RefusedError(
        Reason.HU_CONVENTION_UNKNOWN, f"{dtype} pixels do not say what they mean in HU; {remedy}"
    )


def _hu(page: Any) -> HuImage:
    """Read one page, in HU."""
    stored: Stored = page.asarray()
    if stored.dtype.kind == "i":
        check_convention(stored)
        return to_hu(stored)
    _check_unit_range(stored)
    return to_hu(stored, CHALLENGE)


def _check_unit_range(stored: Stored) -> None:
    """Refuse floats that cannot follow the convention; NaN are told apart later."""
    low, high = float(stored.min()), float(stored.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise RefusedError(
            Reason.NOT_HU, f"--tiff-hu is for floats in [0, 1], the page spans {low:g} to {high:g}"
        )
