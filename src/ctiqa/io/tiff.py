"""TIFF: pixels in HU, or floats in [0, 1] where the user vouches for the convention."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import tiff_pages as tag
from ctiqa.io.access.files import file_stamp, open_file
from ctiqa.io.access.regular import Stamp
from ctiqa.io.hu.checks import Stored, check_matrix, to_hu
from ctiqa.io.hu.gate import check_hu
from ctiqa.io.hu.sampling import finite_ones, spread
from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.io.silence import foreign
from ctiqa.io.tiff_pages import Page, pages
from ctiqa.io.tiff_pixels import DEFLATE, PLAIN, dtype_of, pieces, read_page
from ctiqa.types import HuImage, SliceHeader, SliceSource

CHALLENGE = (1400.0, -1000.0)
"""(slope, intercept) of LDCTIQAC2023 (2023): pixels are clip(HU, -1000, 400) scaled to [0, 1]."""

ROUNDING = 1e-3
"""How far outside [0, 1] a pixel may lie."""

COMPRESSIONS = (PLAIN, *DEFLATE)
"""TIFF compressions that are read."""

BLACK_IS_ZERO = 1
WHITE_IS_ZERO = 0
PREVIEW_OR_MASK = 0b101
"""Bits of a page that is a smaller copy of another one, or a mask."""

IN_ORDER = 1

SHAPED = re.compile(r'\s*\{.*"shape": *\[([0-9, ]+)\]', re.DOTALL)
"""How tifffile says how many slices follow on one page."""

IMAGEJ = re.compile(r"ImageJ=.*\nimages=(\d{1,9})\n", re.DOTALL)
"""How ImageJ says it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One slice: a page, or one of several slices that share it.

    Attributes:
        page: The page.
        number: Slice among those of the page, from 0.
        kind: What the slices of a stack have in common: rows, columns, type of a pixel.
    """

    page: Page
    number: int
    kind: tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Stack:
    """What a TIFF holds.

    Attributes:
        pictures: Slices of one kind, in file order.
        warnings: Sentences about what was left out.
    """

    pictures: tuple[Picture, ...]
    warnings: tuple[str, ...] = ()


def read_headers(path: Path, options: ReadOptions) -> Contents:
    """Describe the slices of a TIFF, and look at some of them.

    Pages of another size or kind than most, such as previews, are left out with a warning.

    Args:
        path: The file.
        options: ``tiff_hu`` vouches for floats in [0, 1].

    Returns:
        One header a slice.

    Raises:
        RefusedError: If the file is damaged, coloured, or in an unknown HU convention.
    """
    stack = _stack(path, file_stamp(path))
    _check_convention(path, stack, options)
    flags = ("orientation_unknown", "spacing_unknown")
    headers = tuple(
        SliceHeader(SliceSource(path, index), *picture.kind[:2], flags=flags)
        for index, picture in enumerate(stack.pictures)
    )
    return Contents(headers, warnings=stack.warnings)


def read_hu(header: SliceHeader, options: ReadOptions) -> HuImage:
    """Read one slice of a TIFF.

    Args:
        header: A header of :func:`read_headers`.
        options: The options it was found with.

    Returns:
        HU, float32 [rows, cols], at least -1024.

    Raises:
        RefusedError: If the slice is damaged or not in HU.
    """
    path, index = header.source.file, header.source.frame
    stack = _stack(path, file_stamp(path))
    if not 0 <= index < len(stack.pictures):
        raise RefusedError(Reason.TRUNCATED, f"slice {index} is not in the TIFF")
    stored = _stored(path, stack.pictures[index])
    if not _is_vouched_for(stored.dtype, options):
        return to_hu(stored, gate=False)
    _check_unit_range(stored)
    return to_hu(stored, CHALLENGE, gate=False)


# A stack is read slice by slice; its directories are the same for all of them.
@lru_cache(maxsize=2)
def _stack(path: Path, stamp: Stamp) -> Stack:
    """Find the slices of a TIFF."""
    with open_file(path) as stream, foreign("the TIFF"):
        found = list(pages(stream, stamp[1]))
        if not found:
            raise RefusedError(Reason.NO_PIXELS, "the TIFF holds no page")
        pictures, refusals = _sorted_out(stream, found)
        return _majority(pictures, refusals, _unlisted(stream, found, pictures))


def _sorted_out(stream: BinaryIO, found: list[Page]) -> tuple[list[Picture], list[RefusedError]]:
    """The slices of all pages that are slices, and why the others are none."""
    pictures: list[Picture] = []
    refusals: list[RefusedError] = []
    for page in found:
        try:
            kind = _kind(page)
            count = _slices_of(stream, page, kind, alone=len(found) == 1)
        except RefusedError as error:
            refusals.append(error)
        else:
            pictures.extend(Picture(page, number, kind) for number in range(count))
    if not pictures:
        raise refusals[0]
    return pictures, refusals


def _majority(pictures: list[Picture], refusals: list[RefusedError], unlisted: int) -> Stack:
    """Slices of the commonest kind, or of the largest of several kinds that are as common."""
    counts = Counter(picture.kind for picture in pictures)
    kind = max(counts, key=lambda kind: (counts[kind], kind[0] * kind[1]))
    chosen = tuple(picture for picture in pictures if picture.kind == kind)
    others = len(pictures) - len(chosen) + len(refusals)
    warnings = []
    if others:
        why = f": {refusals[0].detail}" if refusals else ", of another size or type"
        warnings.append(f"{others} page(s) of the TIFF left out{why}")
    if unlisted:
        warnings.append(f"the TIFF has room for {unlisted} more slice(s) that no page names")
    return Stack(chosen, tuple(warnings))


def _kind(page: Page) -> tuple[int, int, str]:
    """Rows, columns and type of a page that is a slice.

    Raises:
        RefusedError: If it is none.
    """
    if page.number(tag.NEW_SUBFILE_TYPE) & PREVIEW_OR_MASK:
        raise RefusedError(Reason.DERIVED, "a preview or a mask")
    _check_grey(page)
    compression = page.number(tag.COMPRESSION, PLAIN)
    if compression not in COMPRESSIONS or page.number(tag.FILL_ORDER, IN_ORDER) != IN_ORDER:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            f"TIFF pages must be uncompressed or deflated, got compression {compression}; save "
            "them without compression",
        )
    if page.number(tag.DEPTH, 1) != 1:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX, "TIFF pages must be slices; save one page a slice"
        )
    rows, cols = page.number(tag.LENGTH), page.number(tag.WIDTH)
    check_matrix(rows, cols)
    return rows, cols, dtype_of(page).str


def _check_grey(page: Page) -> None:
    photometric = page.number(tag.PHOTOMETRIC, BLACK_IS_ZERO)
    if photometric == WHITE_IS_ZERO:
        raise RefusedError(
            Reason.HU_CONVENTION_UNKNOWN,
            "white is 0 in this TIFF, so that its values do not rise with HU; save it with black "
            "as 0",
        )
    if photometric != BLACK_IS_ZERO or page.number(tag.SAMPLES, 1) != 1:
        raise RefusedError(Reason.COLOUR, "pages must be one grey value a pixel")


def _slices_of(stream: BinaryIO, page: Page, kind: tuple[int, int, str], *, alone: bool) -> int:
    """Slices on a page: more than one where its description says so and they follow each other."""
    count = _told(page.text(stream, tag.DESCRIPTION), kind, alone=alone)
    end = _end(stream, page) if count > 1 else None
    if end is None:
        return 1
    if count > tag.MAX_PAGES:
        raise RefusedError(Reason.TOO_LARGE, f"a TIFF must have at most {tag.MAX_PAGES} slices")
    if end + (count - 1) * _bytes(kind) > page.layout.size:
        raise RefusedError(
            Reason.TRUNCATED, f"the TIFF must hold {count} slices, but ends before the last one"
        )
    return count


def _told(description: str, kind: tuple[int, int, str], *, alone: bool) -> int:
    """Slices on a page by its description."""
    if alone and (told := IMAGEJ.match(description)):
        return int(told[1])
    if told := SHAPED.match(description):
        sizes = [int(size) for size in told[1].split(",")]
        return max(math.prod(sizes) // (kind[0] * kind[1]), 1) if alone else 1
    return 1


def _end(stream: BinaryIO, page: Page) -> int | None:
    """Where a slice that lies in one piece ends; ``None`` if it does not."""
    if page.number(tag.COMPRESSION, PLAIN) != PLAIN or tag.TILE_OFFSETS in page.entries:
        return None
    parts = pieces(stream, page)
    offset = parts[0][0]
    for place, length in parts:
        if place != offset:
            return None
        offset += length
    rows, cols, dtype = _kind(page)
    return parts[0][0] + _bytes((rows, cols, dtype))


def _bytes(kind: tuple[int, int, str]) -> int:
    rows, cols, dtype = kind
    return rows * cols * np.dtype(dtype).itemsize


def _unlisted(stream: BinaryIO, found: list[Page], pictures: list[Picture]) -> int:
    """Slices that would fit behind the only page of a file, which no page or description names."""
    if len(found) > 1 or len(pictures) > 1:
        return 0
    (picture,) = pictures
    end = _end(stream, picture.page)
    return 0 if end is None else (picture.page.layout.size - end) // _bytes(picture.kind)


def _stored(path: Path, picture: Picture) -> Stored:
    """Pixels of a slice as stored, [rows, cols]."""
    with open_file(path) as stream, foreign("the TIFF page"):
        if picture.number == 0:
            return read_page(stream, picture.page)
        rows, cols, dtype = picture.kind
        size = _bytes(picture.kind)
        stream.seek(pieces(stream, picture.page)[0][0] + picture.number * size)
        return np.frombuffer(stream.read(size), dtype).reshape(rows, cols)


def _is_vouched_for(dtype: np.dtype[Any], options: ReadOptions) -> bool:
    """Whether the user says what pixels of this type mean."""
    return options.tiff_hu and dtype.kind == "f"


def _check_convention(path: Path, stack: Stack, options: ReadOptions) -> None:
    """Refuse a stack that is not in HU by slices spread over it.

    Raises:
        RefusedError: With ``HU_CONVENTION_UNKNOWN``, ``NOT_FINITE`` or ``NOT_HU``.
    """
    sample = _sample(path, stack)
    if _is_vouched_for(sample.dtype, options):
        _check_unit_range(sample)
        return
    if sample.dtype.kind == "f" and _is_in_unit_range(sample):
        raise RefusedError(
            Reason.HU_CONVENTION_UNKNOWN,
            "floats in [0, 1] do not say what they mean in HU; pass --tiff-hu if they follow "
            "LDCTIQAC2023 (HU = 1400·p − 1000)",
        )
    check_hu(sample.astype(np.float32), Reason.HU_CONVENTION_UNKNOWN)


def _sample(path: Path, stack: Stack) -> Stored:
    """Slices spread over the stack, as stored, [slices, rows, cols]."""
    rows, cols, _ = stack.pictures[0].kind
    return finite_ones(
        _stored(path, stack.pictures[index]) for index in spread(len(stack.pictures), rows * cols)
    )


def _check_unit_range(stored: Stored) -> None:
    """Refuse floats that cannot follow the convention."""
    if not np.isfinite(stored).all():
        raise RefusedError(Reason.NOT_FINITE, "pixels must be finite; a page holds NaN or infinity")
    if not _is_in_unit_range(stored):
        raise RefusedError(
            Reason.NOT_HU,
            f"--tiff-hu is for floats in [0, 1], the page spans {stored.min():g} to "
            f"{stored.max():g}",
        )


def _is_in_unit_range(stored: Stored) -> bool:
    return bool(stored.min() >= -ROUNDING and stored.max() <= 1 + ROUNDING)
