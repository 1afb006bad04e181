"""The pixels of a DICOM file, as stored."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.decoding.bits import values_of
from ctiqa.io.dicom.decoding.syntaxes import EXPLICIT_BIG, is_native
from ctiqa.io.dicom.header import PixelLocation
from ctiqa.io.dicom.layout import Layout
from ctiqa.io.hu.checks import Stored


def stored_frame(location: PixelLocation, layout: Layout, frame: int) -> Stored:
    """Read one frame as stored.

    Compressed frames are decoded in this process; a damaged frame can crash it.

    Args:
        location: Position and encoding of the pixels.
        layout: Their checked layout.
        frame: Index of the frame, from 0.

    Returns:
        Stored values, integer [rows, cols].

    Raises:
        RefusedError: With ``TRUNCATED``, ``CORRUPT`` or ``UNSUPPORTED_TRANSFER_SYNTAX``.
    """
    if not 0 <= frame < layout.frames:
        raise RefusedError(
            Reason.TRUNCATED, f"frame {frame} is asked for, the file holds {layout.frames}"
        )
    if is_native(location.transfer_syntax):
        return values_of(_native_frame(location, layout, frame), layout)
    # Decoders are loaded only if needed.
    compressed = import_module("ctiqa.io.dicom.decoding.compressed")
    return values_of(cast("Stored", compressed.decoded_frame(location, layout, frame)), layout)


def _native_frame(location: PixelLocation, layout: Layout, frame: int) -> Stored:
    """Read an uncompressed frame."""
    with location.open() as stream:
        stream.seek(frame * layout.frame_bytes, 1)
        data = stream.read(layout.frame_bytes)
    if len(data) < layout.frame_bytes:
        raise RefusedError(Reason.TRUNCATED, f"the file ends inside frame {frame}")
    kind = "i" if layout.signed else "u"
    cells = np.frombuffer(data, f"{_byte_order(location)}{kind}{layout.bits_allocated // 8}")
    if _are_swapped(location, layout):
        cells = cells.reshape(-1, 2)[:, ::-1]
    native = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    return native.reshape(layout.rows, layout.cols)


def _byte_order(location: PixelLocation) -> str:
    """Byte order of the pixels; bytes (VR OB) are never swapped, whatever the syntax."""
    is_big = location.transfer_syntax == EXPLICIT_BIG and not location.is_bytes
    return ">" if is_big else "<"


def _are_swapped(location: PixelLocation, layout: Layout) -> bool:
    """Whether 8-bit pixels are stored in byte-swapped 16-bit words (PS3.5, annex D)."""
    words = location.transfer_syntax == EXPLICIT_BIG and not location.is_bytes
    return words and layout.bits_allocated == 8 and layout.frame_bytes % 2 == 0
