"""The pixels of one TIFF page, each strip or tile unpacked within its bounds."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import tiff_pages as tag
from ctiqa.io.tiff_pages import Page

PLAIN = 1
DEFLATE = (8, 32946)
NO_PREDICTOR, HORIZONTAL, FLOATING = 1, 2, 3

KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
"""Kinds of numbers by SampleFormat; those that say nothing are unsigned."""

MAX_PIECE = 4096
"""Longest side of a strip or tile in pixels."""

SLACK_BYTES = 4096
"""Bytes by which deflate may make a small piece larger."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How a page is cut into pieces.

    Attributes:
        rows: Rows of the page.
        cols: Columns of the page.
        piece_rows: Rows of a piece; the last strip may have fewer.
        piece_cols: Columns of a piece.
        is_tiled: Whether pieces are tiles, which are whole also where they reach over the edge.
    """

    rows: int
    cols: int
    piece_rows: int
    piece_cols: int
    is_tiled: bool

    def places(self) -> Iterator[tuple[int, int]]:
        """First row and column of each piece."""
        return product(range(0, self.rows, self.piece_rows), range(0, self.cols, self.piece_cols))

    def rows_at(self, row: int) -> int:
        """Rows of the piece that begins at a row."""
        return self.piece_rows if self.is_tiled else min(self.piece_rows, self.rows - row)


def grid_of(page: Page) -> Grid:
    """How a page is cut into pieces.

    Raises:
        RefusedError: With ``CORRUPT`` for pieces without pixels, or more than a page can need.
    """
    rows, cols = page.number(tag.LENGTH), page.number(tag.WIDTH)
    is_tiled = tag.TILE_OFFSETS in page.entries
    if is_tiled:
        size = page.number(tag.TILE_LENGTH), page.number(tag.TILE_WIDTH)
    else:
        size = min(page.number(tag.ROWS_PER_STRIP, rows), rows), cols
    if not all(1 <= length <= MAX_PIECE for length in size):
        raise RefusedError(Reason.CORRUPT, "the strips or tiles of the page hold no pixels")
    return Grid(rows, cols, *size, is_tiled)


def dtype_of(page: Page) -> np.dtype[Any]:
    """Type of a pixel.

    Raises:
        RefusedError: With ``UNSUPPORTED_TRANSFER_SYNTAX`` for bits that are no whole bytes, or
            ``NOT_HU`` for complex numbers.
    """
    bits, kind = page.number(tag.BITS, 1), KINDS.get(page.number(tag.SAMPLE_FORMAT, 1))
    if kind is None:
        raise RefusedError(Reason.NOT_HU, "pixels must be integer or float, got complex ones")
    if bits not in (8, 16, 32, 64) or (kind == "f" and bits == 8):
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            f"TIFF pixels must have 8, 16, 32 or 64 bits, got {bits}; save HU as signed 16-bit "
            "integers",
        )
    return np.dtype(f"{page.layout.order}{kind}{bits // 8}")


def pieces(stream: BinaryIO, page: Page) -> list[tuple[int, int]]:
    """Offset and length of each strip or tile, in bytes.

    Raises:
        RefusedError: With ``CORRUPT`` if a piece has no place, ``TRUNCATED`` if it lies behind
            the end.
    """
    grid = grid_of(page)
    tags = (
        (tag.TILE_OFFSETS, tag.TILE_BYTES)
        if grid.is_tiled
        else (tag.STRIP_OFFSETS, tag.STRIP_BYTES)
    )
    count = -(-grid.rows // grid.piece_rows) * -(-grid.cols // grid.piece_cols)
    offsets, lengths = (page.values(stream, each, count) for each in tags)
    for offset, length in zip(offsets, lengths, strict=True):
        if offset <= 0 or length <= 0:
            raise RefusedError(Reason.CORRUPT, "a strip or tile of the page was never written")
        if offset + length > page.layout.size:
            raise RefusedError(Reason.TRUNCATED, "the TIFF ends before the pixels of a page")
    return list(zip(offsets, lengths, strict=True))


def read_page(stream: BinaryIO, page: Page) -> npt.NDArray[Any]:
    """Read the pixels of a page.

    Args:
        stream: The file.
        page: A page of one grey value a pixel.

    Returns:
        Pixels as stored, [rows, cols].

    Raises:
        RefusedError: If strips or tiles are missing, damaged, or longer than their pixels.
    """
    grid, dtype = grid_of(page), dtype_of(page)
    pixels = np.empty((grid.rows, grid.cols), dtype)
    for (row, col), block in zip(grid.places(), _blocks(stream, page, grid), strict=True):
        kept = block[: grid.rows - row, : grid.cols - col]
        pixels[row : row + kept.shape[0], col : col + kept.shape[1]] = kept
    return pixels


def _blocks(stream: BinaryIO, page: Page, grid: Grid) -> Iterator[npt.NDArray[Any]]:
    """The pixels of each piece, [rows, cols]."""
    dtype, packed = dtype_of(page), page.number(tag.COMPRESSION, PLAIN) != PLAIN
    predictor = page.number(tag.PREDICTOR, NO_PREDICTOR) if packed else NO_PREDICTOR
    row_bytes = grid.piece_cols * dtype.itemsize
    for (row, _), (offset, length) in zip(grid.places(), pieces(stream, page), strict=True):
        size, whole = grid.rows_at(row) * row_bytes, grid.piece_rows * row_bytes
        stream.seek(offset)
        content = stream.read(min(length, 2 * whole + SLACK_BYTES if packed else size))
        if packed:
            content = _unpacked(content, whole)
        if len(content) < size:
            raise RefusedError(
                Reason.TRUNCATED, f"a strip or tile must hold {size} bytes, got {len(content)}"
            )
        block = np.frombuffer(content[:size], dtype).reshape(-1, grid.piece_cols)
        yield _unpredicted(block, predictor)


def _unpacked(content: bytes, most: int) -> bytes:
    """Unpack one piece, to no more than its pixels; its checksum is compared."""
    inflater = zlib.decompressobj()
    try:
        pixels = inflater.decompress(content, most + 1)
    except zlib.error:
        raise RefusedError(Reason.CORRUPT, "a strip or tile cannot be unpacked") from None
    if len(pixels) > most:
        raise RefusedError(Reason.CORRUPT, "a strip or tile unpacks to more than its pixels")
    if not inflater.eof:
        raise RefusedError(Reason.TRUNCATED, "a strip or tile ends early")
    return pixels


def _unpredicted(block: npt.NDArray[Any], predictor: int) -> npt.NDArray[Any]:
    """Turn differences between neighbours of a row back into pixels."""
    if predictor == HORIZONTAL:
        # Differences are of whole numbers, also where these are the bits of floats.
        whole = block.view(block.dtype.str.replace("f", "i"))
        native = whole.astype(whole.dtype.newbyteorder("="))
        return np.cumsum(native, axis=1, dtype=native.dtype).view(block.dtype.newbyteorder("="))
    if predictor == FLOATING and block.dtype.kind == "f":
        size = block.dtype.itemsize
        planes = np.cumsum(block.view(np.uint8), axis=1, dtype=np.uint8)
        # The first plane holds the highest byte of each pixel of a row, and so on.
        bytes_of = planes.reshape(len(block), size, -1).transpose(0, 2, 1)
        return np.ascontiguousarray(bytes_of).view(f">f{size}")[..., 0]
    if predictor != NO_PREDICTOR:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX, f"TIFF predictor {predictor} is unknown"
        )
    return block
