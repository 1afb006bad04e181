"""Storage of the pixels of a DICOM file, and checks for completeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.decoding.fragments import check_fragments
from ctiqa.io.dicom.decoding.syntaxes import is_decoded, is_native
from ctiqa.io.dicom.header import PixelLocation
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.hu.checks import check_matrix

MAX_FRAMES = 20_000
"""Maximum number of frames of a file; gated cardiac CT in thin slices has some thousands."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Storage of the pixels of a file.

    Attributes:
        rows: Matrix height in pixels.
        cols: Matrix width in pixels.
        frames: Number of frames, at least 1.
        bits_allocated: 8, 16 or 32.
        bits_stored: Number of bits of the value, at most ``bits_allocated``.
        high_bit: Position of the highest of them, from 0.
        signed: Whether stored values are two's complement.
        photometric: ``"MONOCHROME1"`` or ``"MONOCHROME2"``.
    """

    rows: int
    cols: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str

    @property
    def frame_bytes(self) -> int:
        """Size of one uncompressed frame in bytes."""
        return self.rows * self.cols * self.bits_allocated // 8


def read_layout(location: PixelLocation, tags: Tags, stream: BinaryIO | None = None) -> Layout:
    """Read the pixel storage, and check that it is supported and the pixels complete.

    Args:
        location: Position and encoding of the pixels.
        tags: Elements of the file.
        stream: The file, if it is open.

    Returns:
        The layout.

    Raises:
        RefusedError: With ``NO_PIXELS``, ``COLOUR``, ``CORRUPT``, ``TOO_SMALL``, ``TOO_LARGE``,
            ``UNSUPPORTED_TRANSFER_SYNTAX`` or ``TRUNCATED``.
    """
    if location.start is None:
        raise RefusedError(Reason.NO_PIXELS, "'PixelData' is absent")
    photometric = _check_grey(tags)
    rows, cols = tags.integer("Rows"), tags.integer("Columns")
    if rows is None or cols is None:
        raise RefusedError(Reason.CORRUPT, "'Rows' or 'Columns' is absent")
    check_matrix(rows, cols)
    allocated = tags.integer("BitsAllocated") or 16
    stored = tags.integer("BitsStored") or allocated
    high_bit = tags.integer("HighBit")
    layout = Layout(
        rows=rows,
        cols=cols,
        frames=max(tags.integer("NumberOfFrames") or 1, 1),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high_bit is None else high_bit,
        signed=tags.integer("PixelRepresentation") == 1,
        photometric=photometric,
    )
    _check_frames(layout)
    _check_bits(layout, tags.integer("PixelRepresentation"))
    _check_all_there(location, layout, stream)
    return layout


def _check_grey(tags: Tags) -> str:
    """Photometric interpretation; colour images are refused."""
    samples = tags.integer("SamplesPerPixel") or 1
    photometric = (tags.text("PhotometricInterpretation") or "MONOCHROME2").upper()
    if samples != 1:
        raise RefusedError(
            Reason.COLOUR, f"pixels must have one grey value, got {samples} samples per pixel"
        )
    if not photometric.startswith("MONOCHROME"):
        raise RefusedError(
            Reason.COLOUR,
            f"'PhotometricInterpretation' must be MONOCHROME1 or MONOCHROME2, got {photometric}",
        )
    return photometric


def _check_frames(layout: Layout) -> None:
    if layout.frames > MAX_FRAMES:
        raise RefusedError(
            Reason.TOO_LARGE, f"a file must hold at most {MAX_FRAMES} frames, got {layout.frames}"
        )


def _check_bits(layout: Layout, representation: int | None) -> None:
    if layout.bits_allocated not in (8, 16, 32):
        raise RefusedError(
            Reason.CORRUPT, f"'BitsAllocated' must be 8, 16 or 32, got {layout.bits_allocated}"
        )
    if not 1 <= layout.bits_stored <= layout.bits_allocated:
        raise RefusedError(
            Reason.CORRUPT,
            f"'BitsStored' must be in 1…{layout.bits_allocated}, got {layout.bits_stored}",
        )
    if not layout.bits_stored - 1 <= layout.high_bit < layout.bits_allocated:
        raise RefusedError(
            Reason.CORRUPT,
            f"'HighBit' must be in {layout.bits_stored - 1}…{layout.bits_allocated - 1}, "
            f"got {layout.high_bit}",
        )
    if representation not in (None, 0, 1):
        raise RefusedError(
            Reason.CORRUPT, f"'PixelRepresentation' must be 0 or 1, got {representation}"
        )


def _check_all_there(location: PixelLocation, layout: Layout, stream: BinaryIO | None) -> None:
    """Refuse unsupported transfer syntaxes and truncated pixel data."""
    native = is_native(location.transfer_syntax)
    if not native and not is_decoded(location.transfer_syntax):
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            "the transfer syntax is not supported; convert the file to Explicit VR Little Endian",
        )
    if native != (location.length is not None):
        raise RefusedError(
            Reason.CORRUPT, "the transfer syntax contradicts the length of 'PixelData'"
        )
    if native:
        _check_native_length(location, layout)
    else:
        check_fragments(location, layout.frames, stream)


def _check_native_length(location: PixelLocation, layout: Layout) -> None:
    present = min(location.length or 0, location.size - (location.start or 0))
    needed = layout.frame_bytes * layout.frames
    if present < needed:
        raise RefusedError(Reason.TRUNCATED, f"'PixelData' must hold {needed} bytes, got {present}")
