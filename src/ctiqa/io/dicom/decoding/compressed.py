"""Decompress one frame with the libraries that pydicom supports."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.decoding.codestream import check_codestream
from ctiqa.io.dicom.decoding.fragments import frame_code
from ctiqa.io.dicom.decoding.syntaxes import JPEG_12_BIT, JPEG_EXTENDED, RLE
from ctiqa.io.dicom.header import PixelLocation
from ctiqa.io.dicom.layout import Layout
from ctiqa.io.hu.checks import Stored
from ctiqa.io.silence import captured_stderr, foreign

PATCHED_UP = (b"Corrupt JPEG data", b"Bogus Huffman table", b"Premature end of JPEG")
"""Messages that libjpeg prints when it fills in missing pixels, without reporting an error."""

FASTEST = ("pyjpegls", "pylibjpeg")
"""pydicom's names of the fastest libraries; by default it uses GDCM, which took 1.7 times as long
for JPEG-LS and 1.2 times for JPEG 2000."""

SPARE_BYTES = 1 << 20
"""Allowance for tables and comments: bytes of a compressed frame beyond twice its raw size."""


def decoded_frame(location: PixelLocation, layout: Layout, frame: int) -> Stored:
    """Decompress one frame.

    Args:
        location: Where the pixels are.
        layout: Their checked layout.
        frame: Index of the frame, from 0.

    Returns:
        Pixel cells, integer [rows, cols].

    Raises:
        RefusedError: With ``CORRUPT``, ``TRUNCATED`` or ``UNSUPPORTED_TRANSFER_SYNTAX``.
    """
    with foreign("the compressed frame"), captured_stderr() as said:
        most = 2 * layout.frame_bytes + SPARE_BYTES
        code = frame_code(location, layout.frames, frame, most)
        if location.transfer_syntax != RLE:
            check_codestream(code, (layout.rows, layout.cols))
        stored = _decoded(code, location.transfer_syntax, layout)
        said.seek(0)
        _check_complaints(said.read())
        return stored.reshape(layout.rows, layout.cols)


def _decoded(code: bytes, transfer_syntax: str, layout: Layout) -> Stored:
    if _is_12_bit_jpeg(transfer_syntax, layout):
        # Loaded only for these rare files, which pydicom does not decode.
        jpeg12 = import_module("ctiqa.io.dicom.decoding.jpeg12")
        return np.frombuffer(jpeg12.decode(code, transfer_syntax, layout.rows, layout.cols), "<u2")
    decoder = get_decoder(UID(transfer_syntax))
    if not decoder.is_available:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            f"no decoder is installed for {decoder.UID.name}; reinstall ctiqa",
        )
    options = _options(layout)
    if transfer_syntax == RLE:
        # Complete cells, as in uncompressed pixels; pydicom would mask the bits above the value.
        options["bits_stored"] = layout.bits_allocated
    return _decoded_fast(decoder, encapsulate([code]), options)


def _check_complaints(said: bytes) -> None:
    """Refuse a JPEG in which the decoder has filled missing parts with grey.

    Raises:
        RefusedError: With ``CORRUPT``.

    >>> _check_complaints(b"Unsupported JPEG data precision 12")
    """
    if any(complaint in said for complaint in PATCHED_UP):
        raise RefusedError(Reason.CORRUPT, "the compressed frame is damaged; copy the file again")


def _decoded_fast(decoder: Decoder, pixel_data: bytes, options: dict[str, Any]) -> Stored:
    """Decode with the fastest available library; if it fails, with any other."""
    chosen = next((name for name in FASTEST if name in decoder.available_plugins), "")
    try:
        return _decoded_by(chosen, decoder, pixel_data, options)
    except RuntimeError:
        return _decoded_by("", decoder, pixel_data, options)


def _decoded_by(
    plugin: str, decoder: Decoder, pixel_data: bytes, options: dict[str, Any]
) -> Stored:
    stored, _ = decoder.as_array(io.BytesIO(pixel_data), decoding_plugin=plugin, **options)
    return np.asarray(stored)


def _is_12_bit_jpeg(transfer_syntax: str, layout: Layout) -> bool:
    eight_bit = transfer_syntax == JPEG_EXTENDED and layout.bits_stored == 8
    return transfer_syntax in JPEG_12_BIT and not eight_bit


def _options(layout: Layout) -> dict[str, Any]:
    """The layout in pydicom's terms, as of a file with this one frame."""
    return {
        "index": 0,
        "raw": True,
        "rows": layout.rows,
        "columns": layout.cols,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": "PixelData",
    }
