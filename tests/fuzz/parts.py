"""Cutting files into the parts that they are made of; joined, the parts are the file again."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from nibabel.nifti1 import Nifti1Header

LONG_VRS = (b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT", b"UC", b"UR")
UNDEFINED = 0xFFFFFFFF
CODE_HEAD = 4096
"""Bytes of a compressed picture that hold its tables; the rest is one part."""


def at(content: bytes, places: Iterable[int]) -> tuple[bytes, ...]:
    """Cut some content at some places."""
    marks = sorted({0, len(content), *(place for place in places if 0 < place < len(content))})
    return tuple(content[start:end] for start, end in pairwise(marks))


def lines(content: bytes, end: bytes = b"") -> tuple[bytes, ...]:
    """A text cut into lines, up to the line that ends the header; the rest is one part."""
    header = content.find(end) + len(end) if end and end in content else len(content)
    return at(content, [*(m.end() for m in re.finditer(rb"\n", content[:header])), header])


def tokens(content: bytes) -> tuple[bytes, ...]:
    """A text cut at whatever is no letter or digit."""
    return at(content, (m.start() for m in re.finditer(rb"[\[\]{},:=\s]", content)))


def dicom(content: bytes, *, implicit: bool = False, big: bool = False) -> tuple[bytes, ...]:
    """A DICOM file cut into its elements, inside sequences too."""
    start = 132 if content[128:132] == b"DICM" else 0
    end_of_meta = start
    if start:
        end_of_meta = start + 12 + struct.unpack("<I", content[140:144])[0]
    meta = _elements(content[:end_of_meta], start, implicit=False, big=False)
    return at(content, [*meta, *_elements(content, end_of_meta, implicit=implicit, big=big)])


def _elements(content: bytes, place: int, *, implicit: bool, big: bool) -> list[int]:
    """Where elements, items and compressed pictures start."""
    order = ">" if big else "<"
    found = []
    while place + 8 <= len(content):
        found.append(place)
        group, _ = struct.unpack(f"{order}HH", content[place : place + 4])
        vr = b"" if implicit or group == 0xFFFE else content[place + 4 : place + 6]
        head = 12 if vr in LONG_VRS else 8
        length = _length(content, place, vr, order)
        descends = length == UNDEFINED or vr == b"SQ" or (group == 0xFFFE and length > 0)
        if group == 0xFFFE and content[place + head : place + head + 2] in (
            b"\xff\xd8",
            b"\xff\x4f",
        ):
            found.extend(_markers(content, place + head, length))
            descends = False
        place += head if descends else head + length
    return found


def _length(content: bytes, place: int, vr: bytes, order: str) -> int:
    if vr and vr not in LONG_VRS:
        return int(struct.unpack(f"{order}H", content[place + 6 : place + 8])[0])
    where = place + (8 if vr else 4)
    raw = content[where : where + 4]
    return int(struct.unpack(f"{order}I", raw)[0]) if len(raw) == 4 else UNDEFINED


def _markers(content: bytes, start: int, length: int) -> list[int]:
    """Where the segments of a compressed picture start."""
    head = content[start : start + min(length, CODE_HEAD)]
    return [start + m.start() for m in re.finditer(rb"\xff[^\xff\0]", head)]


def nifti(content: bytes) -> tuple[bytes, ...]:
    """A NIfTI cut into the fields of its header."""
    fields: Any = Nifti1Header.template_dtype.fields
    offsets = [field[1] for field in fields.values()]
    return at(content, [*offsets, 348, 352])


def tiff(content: bytes) -> tuple[bytes, ...]:
    """A little-endian TIFF cut into the entries of its first directories."""
    places = [4, 8]
    directory = struct.unpack("<I", content[4:8])[0]
    while 0 < directory < len(content) - 2 and len(places) < 200:
        count = struct.unpack("<H", content[directory : directory + 2])[0]
        places += [directory, *(directory + 2 + 12 * index for index in range(count + 1))]
        end = directory + 2 + 12 * count
        directory = struct.unpack("<I", content[end : end + 4])[0]
        places.append(end + 4)
    return at(content, places)


def archive(content: bytes) -> tuple[bytes, ...]:
    """A ZIP archive cut into its records and their fixed fields."""
    starts = [m.start() for m in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content)]
    fields = [start + offset for start in starts for offset in (4, 8, 14, 18, 22, 26, 30)]
    return at(content, [*starts, *fields])


def npy(content: bytes) -> tuple[bytes, ...]:
    """An NPY file cut into magic, length, the words of its header, and data."""
    end = content.find(b"\n") + 1
    words = [m.start() for m in re.finditer(rb"[,:(){} ]", content[:end])]
    return at(content, [6, 8, 10, *words, end])


def joined(parts: Sequence[bytes]) -> bytes:
    """The file."""
    return b"".join(parts)
