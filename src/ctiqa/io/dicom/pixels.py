"""The pixels of a DICOM file: how they are stored, whether they are all there, and decoding."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.codestream import declared_matrix
from ctiqa.io.dicom.header import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    PixelPlace,
    Tags,
)
from ctiqa.io.hu_checks import Stored, check_matrix
from ctiqa.io.silence import captured_stderr, foreign

NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG})

JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"

JPEG_12_BIT = frozenset({JPEG_EXTENDED, "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"})
"""Lossy JPEG in 12 bits: extended, spectral selection (retired), full progression (retired)."""

ALWAYS_LOSSY = JPEG_12_BIT | {"1.2.840.10008.1.2.4.50"}

MAYBE_LOSSY = frozenset(
    {"1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"}
)
"""JPEG-LS near-lossless, JPEG 2000 and HTJ2K, which may also be used without loss."""

LOSSLESS = frozenset(
    {
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.5",
    }
)
"""JPEG lossless (two kinds), JPEG-LS, JPEG 2000, HTJ2K (two kinds), RLE."""

PATCHED_UP = (b"Corrupt JPEG data", b"Bogus Huffman table", b"Premature end of JPEG")
"""What libjpeg prints, and only prints, when it makes up pixels."""

FASTEST = ("pyjpegls", "pylibjpeg")
"""pydicom's names of the libraries that decode fastest; left to itself, it takes GDCM, which took
1.7 times as long for JPEG-LS and 1.2 times for JPEG 2000."""

ITEM = 0xFFFEE000
DELIMITER = 0xFFFEE0DD


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels of a file are stored.

    Attributes:
        rows: Matrix height in pixels.
        cols: Matrix width in pixels.
        frames: Number of frames, at least 1.
        bits_allocated: 8, 16 or 32.
        bits_stored: Bits that carry the value, at most ``bits_allocated``.
        signed: Whether stored values are two's complement.
        photometric: ``"MONOCHROME1"`` or ``"MONOCHROME2"``.
    """

    rows: int
    cols: int
    frames: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str

    @property
    def frame_bytes(self) -> int:
        """Size of one uncompressed frame in bytes."""
        return self.rows * self.cols * self.bits_allocated // 8


def read_layout(place: PixelPlace, tags: Tags) -> Layout:
    """Check how the pixels are stored, and that all of them are there.

    Args:
        place: Where the pixels are.
        tags: Elements of the file.

    Returns:
        The layout.

    Raises:
        RefusedError: With ``NO_PIXELS``, ``COLOUR``, ``CORRUPT``, ``TOO_SMALL``, ``TOO_LARGE``,
            ``UNSUPPORTED_TRANSFER_SYNTAX`` or ``TRUNCATED``.
    """
    if place.start is None:
        raise RefusedError(Reason.NO_PIXELS, "'PixelData' is absent")
    photometric = _check_grey(tags)
    rows, cols = tags.integer("Rows"), tags.integer("Columns")
    if rows is None or cols is None:
        raise RefusedError(Reason.CORRUPT, "'Rows' or 'Columns' is absent")
    check_matrix(rows, cols)
    allocated = tags.integer("BitsAllocated") or 16
    layout = Layout(
        rows=rows,
        cols=cols,
        frames=max(tags.integer("NumberOfFrames") or 1, 1),
        bits_allocated=allocated,
        bits_stored=tags.integer("BitsStored") or allocated,
        signed=tags.integer("PixelRepresentation") == 1,
        photometric=photometric,
    )
    _check_bits(layout)
    _check_all_there(place, layout)
    return layout


def is_lossy(transfer_syntax: str, declared: str | None) -> bool:
    """Whether pixels were once compressed with loss.

    Args:
        transfer_syntax: Transfer syntax UID.
        declared: LossyImageCompression, ``"00"`` or ``"01"``, or ``None`` where absent.

    >>> is_lossy("1.2.840.10008.1.2.4.91", "00")
    False
    """
    if declared == "01" or transfer_syntax in ALWAYS_LOSSY:
        return True
    return transfer_syntax in MAYBE_LOSSY and declared != "00"


def stored_frame(place: PixelPlace, layout: Layout, frame: int) -> Stored:
    """Read one frame as stored.

    Args:
        place: Where the pixels are.
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
    with place.open() as stream:
        if place.transfer_syntax in NATIVE:
            return _native_frame(place, layout, frame, stream)
        with foreign("the compressed frame"), captured_stderr() as said:
            stored = _decoded_frame(place, layout, frame, stream)
            said.seek(0)
            _check_complaints(said.read())
            return stored


def _check_grey(tags: Tags) -> str:
    """Photometric interpretation, where the file is not coloured."""
    samples = tags.integer("SamplesPerPixel") or 1
    photometric = (tags.text("PhotometricInterpretation") or "MONOCHROME2").upper()
    if samples != 1 or not photometric.startswith("MONOCHROME"):
        raise RefusedError(
            Reason.COLOUR, f"pixels must be one grey value, got {samples} samples a pixel"
        )
    return photometric


def _check_bits(layout: Layout) -> None:
    if layout.bits_allocated not in (8, 16, 32):
        raise RefusedError(
            Reason.CORRUPT, f"'BitsAllocated' must be 8, 16 or 32, got {layout.bits_allocated}"
        )
    if not 1 <= layout.bits_stored <= layout.bits_allocated:
        raise RefusedError(
            Reason.CORRUPT,
            f"'BitsStored' must be in 1…{layout.bits_allocated}, got {layout.bits_stored}",
        )


def _check_all_there(place: PixelPlace, layout: Layout) -> None:
    """Refuse transfer syntaxes that cannot be decoded, and pixel data that ends early."""
    native = place.transfer_syntax in NATIVE
    if not native and place.transfer_syntax not in ALWAYS_LOSSY | MAYBE_LOSSY | LOSSLESS:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            "the transfer syntax is none that ctiqa decodes; convert the file to Explicit VR "
            "Little Endian",
        )
    if native != (place.length is not None):
        raise RefusedError(
            Reason.CORRUPT, "the transfer syntax contradicts the length of 'PixelData'"
        )
    if native:
        _check_native_length(place, layout)
    else:
        _check_fragments(place, layout)


def _check_native_length(place: PixelPlace, layout: Layout) -> None:
    present = min(place.length or 0, place.size - (place.start or 0))
    needed = layout.frame_bytes * layout.frames
    if present < needed:
        raise RefusedError(Reason.TRUNCATED, f"'PixelData' must hold {needed} bytes, got {present}")


def _check_fragments(place: PixelPlace, layout: Layout) -> None:
    """Walk over the fragments of compressed pixels; the first item is the offset table."""
    with place.open() as stream:
        fragments = _count_items(stream, place.size) - 1
    if fragments < layout.frames:
        raise RefusedError(
            Reason.TRUNCATED,
            f"'PixelData' must hold {layout.frames} compressed frames, got {fragments}",
        )


def _count_items(stream: BinaryIO, size: int) -> int:
    """Number of complete items up to the delimiter or the end of the file."""
    count = 0
    while len(head := stream.read(8)) == 8:
        group, element, length = struct.unpack("<HHI", head)
        tag = group << 16 | element
        if tag == DELIMITER:
            return count
        if tag != ITEM:
            raise RefusedError(Reason.CORRUPT, "'PixelData' is no sequence of fragments")
        if stream.tell() + length > size:
            raise RefusedError(
                Reason.TRUNCATED, f"the file ends inside a compressed frame, at byte {size}"
            )
        stream.seek(length, 1)
        count += 1
    return count


def _native_frame(place: PixelPlace, layout: Layout, frame: int, stream: BinaryIO) -> Stored:
    """Read an uncompressed frame."""
    order = ">" if place.transfer_syntax == EXPLICIT_BIG else "<"
    kind = "i" if layout.signed else "u"
    stream.seek(frame * layout.frame_bytes, 1)
    data = stream.read(layout.frame_bytes)
    if len(data) < layout.frame_bytes:
        raise RefusedError(Reason.TRUNCATED, f"the file ends inside frame {frame}")
    stored = np.frombuffer(data, f"{order}{kind}{layout.bits_allocated // 8}")
    if not layout.signed and layout.bits_stored < layout.bits_allocated:
        # Retired overlays live in the unused high bits.
        stored = stored & np.asarray((1 << layout.bits_stored) - 1, stored.dtype)
    return stored.reshape(layout.rows, layout.cols)


def _check_complaints(said: bytes) -> None:
    """Refuse a JPEG that the decoder patched up: it fills what is missing with grey.

    Raises:
        RefusedError: With ``CORRUPT``.

    >>> _check_complaints(b"Unsupported JPEG data precision 12")
    """
    if any(complaint in said for complaint in PATCHED_UP):
        raise RefusedError(Reason.CORRUPT, "the compressed frame is damaged; copy the file anew")


def _decoded_frame(place: PixelPlace, layout: Layout, frame: int, stream: BinaryIO) -> Stored:
    """Decompress a frame."""
    start = stream.tell()
    code = get_frame(stream, frame, number_of_frames=layout.frames, extended_offsets=place.offsets)
    _check_matrix_of(code, layout)
    if _is_12_bit_jpeg(place.transfer_syntax, layout):
        # Loaded for these rare files alone; pydicom declines them.
        jpeg12 = import_module("ctiqa.io.dicom.jpeg12")
        data = jpeg12.decode(code, place.transfer_syntax, layout.rows, layout.cols)
        return np.frombuffer(data, "<u2").reshape(layout.rows, layout.cols)
    decoder = get_decoder(UID(place.transfer_syntax))
    if not decoder.is_available:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            f"no decoder is installed for {decoder.UID.name}; reinstall ctiqa",
        )
    options = {"index": frame, "raw": True, **_options(layout, place.offsets)}
    return _decoded(decoder, stream, start, options).reshape(layout.rows, layout.cols)


def _decoded(decoder: Decoder, stream: BinaryIO, start: int, options: dict[str, Any]) -> Stored:
    """Decode with the fastest library that is there; with any that can where it gives up."""
    chosen = next((name for name in FASTEST if name in decoder.available_plugins), "")
    try:
        return _decoded_by(chosen, decoder, stream, start, options)
    except RuntimeError:
        return _decoded_by("", decoder, stream, start, options)


def _decoded_by(
    plugin: str, decoder: Decoder, stream: BinaryIO, start: int, options: dict[str, Any]
) -> Stored:
    stream.seek(start)
    stored, _ = decoder.as_array(stream, decoding_plugin=plugin, **options)
    return np.asarray(stored)


def _is_12_bit_jpeg(transfer_syntax: str, layout: Layout) -> bool:
    eight_bit = transfer_syntax == JPEG_EXTENDED and layout.bits_stored == 8
    return transfer_syntax in JPEG_12_BIT and not eight_bit


def _check_matrix_of(code: bytes, layout: Layout) -> None:
    """Refuse a compressed frame of another size than the header says."""
    matrix = declared_matrix(code)
    if matrix is not None and matrix != (layout.rows, layout.cols):
        raise RefusedError(
            Reason.CORRUPT,
            f"the compressed frame must be {layout.rows} × {layout.cols} pixels, "
            f"got {matrix[0]} × {matrix[1]}",
        )


def _options(layout: Layout, offsets: tuple[bytes, bytes] | None) -> dict[str, Any]:
    """The layout in pydicom's words."""
    return {
        "rows": layout.rows,
        "columns": layout.cols,
        "number_of_frames": layout.frames,
        "samples_per_pixel": 1,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": "PixelData",
        **({} if offsets is None else {"extended_offsets": offsets}),
    }
