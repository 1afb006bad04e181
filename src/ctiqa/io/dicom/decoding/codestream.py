"""Check the header of a compressed frame before a decoder allocates memory for it."""

from __future__ import annotations

import struct

from ctiqa.errors import Reason, RefusedError

J2K_START = b"\xff\x4f\xff\x51"
JP2_START = b"\0\0\0\x0cjP  "
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"

TAIL_BYTES = 1024
"""Number of last bytes in which the end marker of a JPEG is searched; padding may follow it."""

FRAME_MARKERS = frozenset({0xF7, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Second bytes of the markers with the matrix size: SOF0…SOF15, and SOF55 of JPEG-LS."""

LONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
"""Second bytes of the markers without a segment: TEM, RST0…RST7, SOI."""


def check_codestream(code: bytes, matrix: tuple[int, int]) -> None:
    """Refuse a compressed frame whose size differs from the header, or that has no end marker.

    A few altered bytes can declare 60,000 × 60,000 pixels, for which decoders allocate 14 GB. In a
    truncated frame, decoders search for the end for a long time.

    Args:
        code: The compressed frame: JPEG, JPEG-LS or JPEG 2000.
        matrix: Expected (rows, cols).

    Raises:
        RefusedError: With ``CORRUPT``.
    """
    declared = declared_matrix(code)
    if declared is None:
        raise RefusedError(Reason.CORRUPT, "the compressed frame does not say how large it is")
    if declared != matrix:
        raise RefusedError(
            Reason.CORRUPT,
            f"the compressed frame must be {matrix[0]} × {matrix[1]} pixels, "
            f"got {declared[0]} × {declared[1]}",
        )
    if code.startswith(JPEG_START) and JPEG_END not in code[-TAIL_BYTES:]:
        raise RefusedError(Reason.CORRUPT, "the compressed frame ends early; copy the file again")


def declared_matrix(code: bytes) -> tuple[int, int] | None:
    """Matrix (rows, cols) of a JPEG, JPEG-LS or JPEG 2000 codestream.

    Args:
        code: The compressed frame.

    Returns:
        (rows, cols), or ``None`` if the codestream is of another kind or does not say.

    >>> declared_matrix(bytes.fromhex("ffd8 fff7 000b 10 0200 0100"))
    (512, 256)
    """
    if code.startswith(JP2_START):
        # Against the standard, but in use: a JP2 file instead of the bare codestream.
        code = code[max(code.find(J2K_START), 0) :]
    if code.startswith(J2K_START) and len(code) >= 24:
        right, bottom, left, top = struct.unpack(">IIII", code[8:24])
        return bottom - top, right - left
    return _jpeg_matrix(code) if code.startswith(JPEG_START) else None


def _jpeg_matrix(code: bytes) -> tuple[int, int] | None:
    """Walk over the segments of a JPEG up to the one with the matrix size."""
    position = len(JPEG_START)
    while position + 9 <= len(code) and code[position] == 0xFF:
        marker = code[position + 1]
        if marker == 0xFF:
            # Any number of fill bytes may precede a marker.
            position += 1
            continue
        if marker in LONE_MARKERS:
            position += 2
            continue
        length, _, rows, cols = struct.unpack(">HBHH", code[position + 2 : position + 9])
        if marker in FRAME_MARKERS:
            return rows, cols
        position += 2 + max(length, 2)
    return None
