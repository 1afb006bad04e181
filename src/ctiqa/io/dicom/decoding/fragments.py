"""Fragments of compressed pixels: completeness, and assignment to frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import BinaryIO

from pydicom.encaps import get_frame

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.header import PixelLocation

ITEM = 0xFFFEE000
DELIMITER = 0xFFFEE0DD

FRAGMENTS_PER_FRAME = 4
MANY_FRAGMENTS = 1 << 16
"""Maximum number of fragments of a file, in addition to some per frame."""

MIN_FRAME_BYTES = 32
"""Minimum size of one of many frames; no codestream is shorter than its markers."""

Fragment = tuple[int, int]
"""Offset and length in bytes."""


def check_fragments(location: PixelLocation, frames: int, stream: BinaryIO | None = None) -> None:
    """Refuse truncated compressed pixels.

    Args:
        location: Position and encoding of the pixels.
        frames: Expected number of frames.
        stream: The file, if it is open.

    Raises:
        RefusedError: With ``TRUNCATED`` or ``CORRUPT``.
    """
    least = 1 if frames == 1 else MIN_FRAME_BYTES
    if frames == 1:
        with location.open(stream) as opened:
            fragments = _walked(opened, location, frames)
    else:
        fragments = _fragments(location, frames)
    found = sum(length >= least for _, length in fragments)
    if found < frames:
        raise RefusedError(
            Reason.TRUNCATED, f"'PixelData' must hold {frames} compressed frames, got {found}"
        )


def frame_code(location: PixelLocation, frames: int, frame: int, most: int) -> bytes:
    """The compressed bytes of one frame.

    Args:
        location: Position and encoding of the pixels.
        frames: Number of frames.
        frame: Index of the frame, from 0.
        most: Maximum size in bytes.

    Raises:
        RefusedError: With ``CORRUPT`` or ``TRUNCATED``.
    """
    with location.open() as stream:
        if frames == 1:
            return _joined(stream, _walked(stream, location, frames), most)
        fragments = _fragments(location, frames)
        if frames == len(fragments):
            return _joined(stream, fragments[frame : frame + 1], most)
        offsets = location.offsets
        code = get_frame(stream, frame, number_of_frames=frames, extended_offsets=offsets)
        _check_size(len(code), most)
        return code


def _joined(stream: BinaryIO, fragments: Sequence[Fragment], most: int) -> bytes:
    _check_size(sum(length for _, length in fragments), most)
    return b"".join(_read(stream, fragment) for fragment in fragments)


def _check_size(length: int, most: int) -> None:
    if length > most:
        raise RefusedError(
            Reason.CORRUPT, f"a compressed frame must take at most {most} bytes, got more"
        )


# For many frames the fragments are requested once per frame.
@lru_cache(maxsize=2)
def _fragments(location: PixelLocation, frames: int) -> tuple[Fragment, ...]:
    with location.open() as stream:
        return _walked(stream, location, frames)


def _walked(stream: BinaryIO, location: PixelLocation, frames: int) -> tuple[Fragment, ...]:
    """The fragments that are not empty; the first item is the offset table."""
    most = MANY_FRAGMENTS + FRAGMENTS_PER_FRAME * frames
    found: list[Fragment] = []
    for number, (offset, length) in enumerate(_items(stream, location.size)):
        if number > most:
            raise RefusedError(
                Reason.CORRUPT, f"'PixelData' must hold at most {most} fragments, got more"
            )
        if number > 0 and length > 0:
            found.append((offset, length))
    return tuple(found)


def _items(stream: BinaryIO, size: int) -> Iterator[Fragment]:
    """The complete items, up to the delimiter or the end of the file."""
    while len(head := stream.read(8)) == 8:
        group, element, length = struct.unpack("<HHI", head)
        tag = group << 16 | element
        if tag == DELIMITER:
            return
        if tag != ITEM:
            raise RefusedError(Reason.CORRUPT, "'PixelData' is no sequence of fragments")
        if stream.tell() + length > size:
            raise RefusedError(
                Reason.TRUNCATED, f"the file ends inside a compressed frame, at byte {size}"
            )
        yield stream.tell(), length
        stream.seek(length, 1)


def _read(stream: BinaryIO, fragment: Fragment) -> bytes:
    offset, length = fragment
    stream.seek(offset)
    return stream.read(length)
