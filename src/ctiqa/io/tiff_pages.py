"""The pages of a TIFF, by their directories alone.

Written by hand because a page may name gigabytes and the next page may be one that came before:
everything here is read within bounds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError

MAX_PAGES = 20_000
MAX_ENTRIES = 4096
"""Most entries of one directory; usually it has twenty."""

MAX_ALL_ENTRIES = 1 << 20
"""Most entries of all directories, which may lie over one another."""

MAX_VALUE_BYTES = 1 << 18
"""Longest value that is read, in bytes: 16,384 tiles take half as much."""

NEW_SUBFILE_TYPE = 254
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
DESCRIPTION = 270
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 277, 278, 279
PREDICTOR = 317
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
SAMPLE_FORMAT = 339
DEPTH = 32997
FILL_ORDER = 266

PIXEL_TAGS = (WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, SAMPLES, PREDICTOR)
PIECE_TAGS = (STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_BYTES, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS)
WANTED = frozenset(
    (*PIXEL_TAGS, *PIECE_TAGS, TILE_BYTES, NEW_SUBFILE_TYPE, DESCRIPTION, SAMPLE_FORMAT, DEPTH)
)
"""Tags that are kept; the others say nothing about pixels."""

FORMATS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Types of values that are read, as in :mod:`struct`; rational numbers and floats are not."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the directories of a TIFF are written.

    Attributes:
        order: Byte order, as in :mod:`struct`.
        is_big: Whether offsets take 8 bytes (BigTIFF).
        size: Length of the file in bytes.
    """

    order: str
    is_big: bool
    size: int

    @property
    def offset(self) -> struct.Struct:
        """An offset."""
        return struct.Struct(self.order + ("Q" if self.is_big else "I"))

    @property
    def count(self) -> struct.Struct:
        """The number of entries of a directory."""
        return struct.Struct(self.order + ("Q" if self.is_big else "H"))

    @property
    def entry(self) -> struct.Struct:
        """An entry: tag, type, number of values, and the values or their offset."""
        return struct.Struct(self.order + ("HHQ8s" if self.is_big else "HHI4s"))


@dataclass(frozen=True, slots=True)
class Page:
    """One directory.

    Attributes:
        layout: How it is written.
        entries: Type, number of values, and their bytes or offset, by tag.
    """

    layout: Layout
    entries: Mapping[int, tuple[int, int, bytes]] = field(repr=False)

    def number(self, tag: int, default: int = 0) -> int:
        """The first value of an entry that lies in the directory itself."""
        kind, count, value = self.entries.get(tag, (0, 0, b""))
        if kind not in FORMATS or count < 1:
            return default
        form = struct.Struct(self.layout.order + FORMATS[kind])
        # Several values, as the bits of each colour, lie elsewhere; the first is asked for alone.
        return int(form.unpack(value[: form.size])[0]) if form.size * count <= len(value) else -1

    def values(self, stream: BinaryIO, tag: int, count: int) -> tuple[int, ...]:
        """The values of an entry.

        Args:
            stream: The file.
            tag: The entry.
            count: How many values there must be.

        Raises:
            RefusedError: With ``CORRUPT`` if there are not as many.
        """
        kind, present, value = self.entries.get(tag, (0, 0, b""))
        form = FORMATS.get(kind, "")
        size = struct.calcsize(self.layout.order + form) * count
        if not form or present != count or size > MAX_VALUE_BYTES:
            raise RefusedError(Reason.CORRUPT, f"the page must list {count} pieces, got {present}")
        if size > len(value):
            value = self._elsewhere(stream, value, size)
        return tuple(
            int(each) for each in struct.unpack(f"{self.layout.order}{count}{form}", value[:size])
        )

    def text(self, stream: BinaryIO, tag: int) -> str:
        """A text, cut where it is long; empty where there is none."""
        kind, count, value = self.entries.get(tag, (0, 0, b""))
        if kind != 2:
            return ""
        if count > len(value):
            value = self._elsewhere(stream, value, min(count, MAX_VALUE_BYTES))
        return value[:count].decode("latin-1").rstrip("\0")

    def _elsewhere(self, stream: BinaryIO, value: bytes, size: int) -> bytes:
        stream.seek(self.layout.offset.unpack(value)[0])
        content = stream.read(size)
        if len(content) < size:
            raise RefusedError(Reason.TRUNCATED, "the TIFF ends before the values of a page")
        return content


def read_layout(stream: BinaryIO, size: int) -> tuple[Layout, int]:
    """How the directories are written, and where the first one lies.

    Raises:
        RefusedError: With ``CORRUPT`` if the file does not start as a TIFF.
    """
    head = stream.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "<")
    (version,) = struct.unpack(f"{order}H", head[2:4])
    layout = Layout(order, version == 43, size)
    if version not in (42, 43) or (layout.is_big and head[4:8] != struct.pack(f"{order}HH", 8, 0)):
        raise RefusedError(Reason.CORRUPT, "the header of the TIFF is damaged")
    place = head[8:16] if layout.is_big else head[4:8]
    return layout, int(layout.offset.unpack(place)[0])


def pages(stream: BinaryIO, size: int) -> Iterator[Page]:
    """Go through the directories of a TIFF.

    Args:
        stream: The file, at its start.
        size: Its length in bytes.

    Yields:
        One page each.

    Raises:
        RefusedError: With ``CORRUPT`` if they go in a circle, ``TRUNCATED`` if one lies behind
            the end, ``TOO_LARGE`` if they are too many.
    """
    layout, place = read_layout(stream, size)
    seen: set[int] = set()
    entries_left = MAX_ALL_ENTRIES
    while place:
        if place in seen:
            raise RefusedError(Reason.CORRUPT, "the pages of the TIFF go in a circle")
        if len(seen) >= MAX_PAGES or entries_left < 0:
            raise RefusedError(Reason.TOO_LARGE, f"a TIFF must have at most {MAX_PAGES} pages")
        seen.add(place)
        page, entries, place = _read_page(stream, layout, place)
        entries_left -= entries
        yield page


def _read_page(stream: BinaryIO, layout: Layout, place: int) -> tuple[Page, int, int]:
    """One directory, how many entries it has, and where the next one lies."""
    stream.seek(place)
    head = stream.read(layout.count.size)
    if len(head) < layout.count.size:
        raise RefusedError(Reason.TRUNCATED, "the TIFF ends before one of its pages")
    (count,) = layout.count.unpack(head)
    content = _read_entries(stream, layout, int(count))
    length = layout.entry.size * count
    entries = {
        tag: (kind, values, value)
        for tag, kind, values, value in layout.entry.iter_unpack(content[:length])
        if tag in WANTED
    }
    # The last page of a file that was cut behind it is the last one.
    following = content[length:].ljust(layout.offset.size, b"\0")
    return Page(layout, entries), int(count), int(layout.offset.unpack(following)[0])


def _read_entries(stream: BinaryIO, layout: Layout, count: int) -> bytes:
    """The bytes of a directory's entries and of what follows them."""
    if not 1 <= count <= MAX_ENTRIES:
        raise RefusedError(
            Reason.CORRUPT, f"a page must have 1 to {MAX_ENTRIES} entries, got {count}"
        )
    length = layout.entry.size * count
    content = stream.read(length + layout.offset.size)
    if len(content) < length:
        raise RefusedError(Reason.TRUNCATED, "the TIFF ends inside one of its pages")
    return content
