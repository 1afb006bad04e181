"""The slices of a TIFF, as found by tifffile; to be run in a process with limits."""

from __future__ import annotations

import math
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from tifffile import TiffFile, TiffPage
from tifffile.tifffile import shaped_description_metadata

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import open_file
from ctiqa.io.hu.checks import Stored, check_matrix
from ctiqa.io.silence import foreign

MAX_PAGES = 20_000
MAX_ENTRIES = 1 << 19
"""Maximum number of entries of all pages; a page usually has twenty."""

PLAIN, DEFLATE = 1, (8, 32946)
NO_PREDICTOR, HORIZONTAL, FLOATING = 1, 2, 3
_LAYOUTS = {(PLAIN, NO_PREDICTOR), *product(DEFLATE, (NO_PREDICTOR, HORIZONTAL, FLOATING))}
"""Supported compressions and predictors."""


def _is_whole(page: TiffPage) -> bool:
    """Whether tifffile parsed every entry; it leaves out those that it cannot parse."""
    layout, stream = page.parent.tiff, page.parent.filehandle
    stream.seek(page.offset)
    return struct.unpack(layout.tagnoformat, stream.read(layout.tagnosize)) == (len(page.tags),)


_RULES: tuple[tuple[Callable[[TiffPage], bool], Reason, str], ...] = (
    (_is_whole, Reason.CORRUPT, "the description of a page is damaged"),
    (lambda page: not (page.is_reduced or page.is_mask), Reason.DERIVED, "a preview or a mask"),
    (
        lambda page: page.photometric != 0 or "PhotometricInterpretation" not in page.tags,
        Reason.HU_CONVENTION_UNKNOWN,
        "white is 0 in this TIFF, so its values do not rise with HU; save it with black as 0",
    ),
    (
        lambda page: page.photometric in (0, 1) and page.samplesperpixel == 1,
        Reason.COLOUR,
        "pages must have one grey value per pixel",
    ),
    (
        lambda page: page.sampleformat not in (5, 6),
        Reason.NOT_HU,
        "pixels must be integer or float, got complex ones",
    ),
    (
        lambda page: (
            (page.compression, page.predictor) in _LAYOUTS
            and (page.fillorder, page.imagedepth, page.tiledepth) == (1, 1, 1)
            and page.dtype is not None
            and page.dtype.itemsize * 8 == page.bitspersample
            and (page.predictor != FLOATING or page.dtype.kind == "f")
        ),
        Reason.UNSUPPORTED_TRANSFER_SYNTAX,
        "TIFF pages must be slices of 8, 16, 32 or 64 bits a pixel, uncompressed or deflated; save "
        "HU as signed 16-bit integers, one page a slice, without compression",
    ),
)
"""Conditions for a page to be a slice, and the message if a page does not meet them."""


class TiffPicture(NamedTuple):
    """One slice: byte offset of the description of its page, and index within the page."""

    offset: int
    number: int
    kind: tuple[int, int, str]
    """Rows, columns and pixel type."""


@contextmanager
def opened(path: Path) -> Iterator[TiffFile]:
    """Open a TIFF; any failure inside the block refuses it."""
    # tifffile would guess or repair pages of microscopes; here they are taken as stored.
    with (
        open_file(path) as stream,
        foreign("the TIFF"),
        TiffFile(stream, is_lsm=False, is_ndpi=False, is_scanimage=False) as tiff,
    ):
        yield tiff


def slices(tiff: TiffFile) -> tuple[list[TiffPicture], tuple[str, ...]]:
    """Find the slices of a TIFF.

    Returns:
        The slices of the most common type, or of the larger one if two are equally common, in file
        order; and sentences about pages that are left out.

    Raises:
        RefusedError: If no page is a slice, or the chain of pages is broken.
    """
    found: list[TiffPicture] = []
    refusals: list[RefusedError] = []
    for page in _pages(tiff):
        try:
            with foreign("a TIFF page"):
                found.extend(_pictures(tiff, page))
        except RefusedError as error:
            # The exception itself would keep a reference to the page.
            refusals.append(RefusedError(error.reason, error.detail))
    if not found:
        raise refusals[0]
    counts = Counter(picture.kind for picture in found)
    kind = max(counts, key=lambda kind: (counts[kind], kind[0] * kind[1]))
    others = len(found) - counts[kind] + len(refusals)
    why = f": {refusals[0].detail}" if refusals else ", of another size or type"
    left_out = [f"{others} page(s) of the TIFF left out{why}"] if others else []
    return [each for each in found if each.kind == kind], (*left_out, *_unnamed(tiff, found))


def _pages(tiff: TiffFile) -> Iterator[TiffPage]:
    seen: set[int] = set()
    entries = 0
    for page in cast("Iterator[TiffPage]", iter(tiff.pages)):
        if page.offset in seen or not page.tags:
            raise RefusedError(
                Reason.CORRUPT, "the chain of TIFF pages is circular, or a page is empty"
            )
        if len(seen) >= MAX_PAGES or entries > MAX_ENTRIES:
            raise RefusedError(
                Reason.TOO_LARGE,
                f"a TIFF must have at most {MAX_PAGES} pages and {MAX_ENTRIES} entries in them",
            )
        seen.add(page.offset)
        entries += len(page.tags)
        yield page
    # tifffile ignores a link that leads nowhere. A file cut inside its last link is complete.
    tiff.filehandle.seek(tiff.pages.next_page_offset or 0)
    if any(tiff.filehandle.read(tiff.tiff.offsetsize)):
        raise RefusedError(Reason.TRUNCATED, "the TIFF ends before one of its pages")
    if not seen:
        raise RefusedError(Reason.NO_PIXELS, "the TIFF holds no page")


def _pictures(tiff: TiffFile, page: TiffPage) -> list[TiffPicture]:
    """The slices of a page: several if its description says so and they are contiguous."""
    kind, (count, on_one_page) = _kind(page), _said(tiff, page)
    if count <= 1 or not on_one_page or not page.is_final:
        return [TiffPicture(page.offset, 0, kind)]
    if count > MAX_PAGES:
        raise RefusedError(Reason.TOO_LARGE, f"a TIFF must have at most {MAX_PAGES} slices")
    # The offset of the first one gives those of the others, so it must be right.
    all(_pieces(page))
    if page.dataoffsets[0] + count * page.nbytes > tiff.filehandle.size:
        raise RefusedError(Reason.TRUNCATED, f"the TIFF ends before the last of its {count} slices")
    return [TiffPicture(page.offset, number, kind) for number in range(count)]


def _said(tiff: TiffFile, page: TiffPage) -> tuple[int, bool]:
    """Number of slices in a description by tifffile or ImageJ; whether all are on this page."""
    alone = not tiff.pages.is_multipage
    if text := page.shaped_description:
        said = shaped_description_metadata(text)
        return math.prod(said["shape"]) // page.size, alone or bool(said.get("truncated"))
    if page.index == 0 and (said := tiff.imagej_metadata or {}):
        parts = math.prod(int(said.get(name, 1)) for name in ("slices", "frames", "channels"))
        return max(int(said.get("images", 1)), parts), alone
    return 1, False


def _unnamed(tiff: TiffFile, found: list[TiffPicture]) -> Iterator[str]:
    """Warnings about further slices that the file seems to contain."""
    first = tiff.pages.first
    if found[0].offset != first.offset:
        return
    if (count := _said(tiff, first)[0]) > max(len(found), len(tiff.pages)):
        yield f"the TIFF says that it holds {count} slices; {len(found)} were found"
    elif len(found) == len(tiff.pages) == 1 and first.is_final:
        room = (tiff.filehandle.size - first.dataoffsets[0]) // first.nbytes - 1
        if room > 0:
            yield f"the TIFF has room for {room} more slice(s) that no page names"


def _kind(page: TiffPage) -> tuple[int, int, str]:
    """Rows, columns and pixel type of a page; refused if it is not a readable slice."""
    for holds, reason, detail in _RULES:
        if not holds(page):
            raise RefusedError(reason, detail)
    check_matrix(page.imagelength, page.imagewidth)
    stored = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    return page.imagelength, page.imagewidth, stored.str


def tiff_pixels(tiff: TiffFile, picture: TiffPicture) -> Stored:
    """Read the pixels of a slice as stored, [rows, cols].

    Raises:
        RefusedError: If strips or tiles are missing, damaged, or longer than their pixels.
    """
    tiff.filehandle.seek(picture.offset)
    page = TiffPage(tiff, 0)
    if _kind(page) != picture.kind:
        raise RefusedError(Reason.CORRUPT, "the TIFF was changed while it was read")
    if picture.number == 0:
        return _read_page(page)
    tiff.filehandle.seek(page.dataoffsets[0] + picture.number * page.nbytes)
    return tiff.filehandle.read_array(picture.kind[2], page.size).reshape(page.shape)


def _read_page(page: TiffPage) -> Stored:
    # tifffile has no limits when it unpacks, so strips and tiles are unpacked beforehand.
    plain = copy(page)
    plain.compression = PLAIN
    if by_planes := page.predictor == FLOATING:
        # tifffile would need a package that ctiqa does not require.
        plain.predictor = NO_PREDICTOR
    pixels = np.empty(page.shape, page.dtype)
    for index, content in enumerate(_pieces(page)):
        _, (_, _, row, col, _), (_, rows, cols, _) = plain.decode(None, index)
        if len(content) < (size := rows * cols * pixels.itemsize):
            raise RefusedError(Reason.TRUNCATED, "a strip or tile of the page ends early")
        if by_planes:
            block = _from_planes(content[:size], rows, pixels.dtype)
        else:
            block = cast("Stored", plain.decode(content, index)[0])[0, ..., 0]
        place = pixels[row : row + rows, col : col + cols]
        place[:] = block[: place.shape[0], : place.shape[1]]
    return pixels


def _pieces(page: TiffPage) -> Iterator[bytes]:
    """The strips or tiles of a page, unpacked."""
    places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if len(places) != math.prod(page.chunked) or min(map(min, places)) <= 0:
        raise RefusedError(Reason.CORRUPT, "strips or tiles of the page are missing")
    most = math.prod(page.chunks) * page.nbytes // page.size
    for offset, length in places:
        if offset + length > page.parent.filehandle.size:
            raise RefusedError(Reason.TRUNCATED, "the TIFF ends before the pixels of a page")
        page.parent.filehandle.seek(offset)
        content = page.parent.filehandle.read(length)
        yield content if page.compression == PLAIN else _unpacked(content, most)


def _unpacked(content: bytes, most: int) -> bytes:
    """Unpack a strip or tile and verify its checksum; empty if it is truncated."""
    inflater = zlib.decompressobj()
    with foreign("a strip or tile"):
        pixels = inflater.decompress(content, most + 1)
    if len(pixels) > most:
        raise RefusedError(Reason.CORRUPT, "a strip or tile unpacks to more than its pixels")
    return pixels if inflater.eof else b""


def _from_planes(content: bytes, rows: int, dtype: np.dtype[Any]) -> Stored:
    """Decode floats stored row by row as differences of byte planes, highest byte first."""
    differences = np.frombuffer(content, np.uint8).reshape(rows, -1)
    planes = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, dtype.itemsize, -1)
    by_pixel = np.ascontiguousarray(planes.transpose(0, 2, 1))
    return by_pixel.view(dtype.newbyteorder(">"))[..., 0]
