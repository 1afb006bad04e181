"""The matrix that a compressed frame announces, read before a decoder makes room for it."""

from __future__ import annotations

import struct

J2K_START = b"\xff\x4f\xff\x51"
JPEG_START = b"\xff\xd8"

FRAME_MARKERS = frozenset({0xF7, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Second bytes of the markers that carry the matrix: SOF0…SOF15, and SOF55 of JPEG-LS."""


def declared_matrix(code: bytes) -> tuple[int, int] | None:
    """Matrix (rows, cols) of a JPEG, JPEG-LS or JPEG 2000 codestream.

    A few altered bytes can announce 60,000 × 60,000 pixels, for which decoders allocate 14 GB.

    Args:
        code: The compressed frame.

    Returns:
        (rows, cols), or ``None`` where the codestream is of another kind or does not say.

    >>> declared_matrix(bytes.fromhex("ffd8 fff7 000b 10 0200 0100"))
    (512, 256)
    """
    if code.startswith(J2K_START) and len(code) >= 24:
        right, bottom, left, top = struct.unpack(">IIII", code[8:24])
        return bottom - top, right - left
    return _jpeg_matrix(code) if code.startswith(JPEG_START) else None


def _jpeg_matrix(code: bytes) -> tuple[int, int] | None:
    """Walk over the segments of a JPEG up to the one that carries the matrix."""
    position = len(JPEG_START)
    while position + 9 <= len(code) and code[position] == 0xFF:
        length, _, rows, cols = struct.unpack(">HBHH", code[position + 2 : position + 9])
        if code[position + 1] in FRAME_MARKERS:
            return rows, cols
        position += 2 + length
    return None
