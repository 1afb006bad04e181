"""Read the file meta information before parsing, to detect deflated and compressed files."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import MAX_INFLATED_BYTES, open_file
from ctiqa.io.dicom.decoding.syntaxes import DEFLATED, EXPLICIT_LITTLE, is_decoded

ENHANCED = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
"""Enhanced CT and Legacy Converted Enhanced CT Image Storage."""

META_START = 132
_LONG_VRS = (b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT")

SOP_CLASS, SYNTAX = 0x0002, 0x0010
"""Elements of group 2: MediaStorageSOPClassUID and TransferSyntaxUID."""

MAX_UID_BYTES = 128

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Announced:
    """The file meta information.

    Attributes:
        transfer_syntax: UID; empty if not specified.
        sop_class: UID; empty if not specified.
        end: Position of the first byte after the file meta information.
    """

    transfer_syntax: str = ""
    sop_class: str = ""
    end: int = 0

    @property
    def is_enhanced(self) -> bool:
        """Whether many frames with their own functional groups are expected."""
        return self.sop_class in ENHANCED


def read_announced(stream: BinaryIO) -> Announced:
    """Read the file meta information of a seekable stream, and return to its start.

    Returns:
        Its content; empty if there is none.
    """
    found = dict(_elements(stream))
    end = stream.tell()
    stream.seek(0)
    return Announced(found.get(SYNTAX, ""), found.get(SOP_CLASS, ""), end)


def announces_compression(path: Path) -> bool:
    """Whether the file meta information says that the pixels are compressed.

    >>> announces_compression(Path("gone.dcm"))
    False
    """
    try:
        with open_file(path) as stream:
            return is_decoded(read_announced(stream).transfer_syntax)
    except RefusedError:
        return False


def undeflate(stream: BinaryIO, start: int) -> bytes:
    """Unpack a deflated file into the same file in explicit little endian.

    Args:
        stream: The file.
        start: Start of its deflated data set.

    Raises:
        RefusedError: With ``CORRUPT``, ``TRUNCATED`` or ``TOO_LARGE``.
    """
    stream.seek(0)
    renamed = EXPLICIT_LITTLE.encode().ljust(len(DEFLATED), b"\0")
    whole = io.BytesIO()
    whole.write(stream.read(start).replace(DEFLATED.encode(), renamed))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflater.eof:
        packed = inflater.unconsumed_tail or stream.read(_CHUNK_BYTES)
        if not packed:
            raise RefusedError(Reason.TRUNCATED, "the deflated data set ends early")
        try:
            whole.write(inflater.decompress(packed, _CHUNK_BYTES))
        except zlib.error:
            raise RefusedError(Reason.CORRUPT, "the deflated data set is damaged") from None
        if whole.tell() > MAX_INFLATED_BYTES:
            raise RefusedError(
                Reason.TOO_LARGE, f"the data set unpacks to more than {MAX_INFLATED_BYTES} bytes"
            )
    return whole.getvalue()


def _elements(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The short texts of group 2; leaves the stream after the group.

    Some writers use implicit VR, against the standard.
    """
    stream.seek(META_START - 4)
    if stream.read(4) != b"DICM":
        stream.seek(0)
    while len(head := stream.read(8)) == 8 and head[:2] == b"\x02\0":
        length = _length(head, stream)
        value = stream.read(min(length, MAX_UID_BYTES))
        yield int.from_bytes(head[2:4], "little"), value.decode("latin-1").strip(" \0")
        stream.seek(max(length - MAX_UID_BYTES, 0), 1)
    stream.seek(-len(head), 1)


def _length(head: bytes, stream: BinaryIO) -> int:
    """Length of the value of an element, given its first eight bytes."""
    if head[4:6] in _LONG_VRS:
        return int.from_bytes(stream.read(4), "little")
    if head[4:6].isalpha() and head[4:6].isupper():
        return int(struct.unpack("<H", head[6:8])[0])
    return int(struct.unpack("<I", head[4:8])[0])
