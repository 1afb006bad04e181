"""Lossy 12-bit JPEG, decoded directly with GDCM because pydicom does not support it."""

from __future__ import annotations

import gdcm

from ctiqa.errors import Reason, RefusedError


def decode(compressed: bytes, transfer_syntax: str, rows: int, cols: int) -> bytes:
    """Decompress one frame of 12-bit JPEG: extended, spectral selection or progressive.

    Args:
        compressed: The JPEG stream of one grey frame.
        transfer_syntax: Transfer syntax UID.
        rows: Matrix height in pixels.
        cols: Matrix width in pixels.

    Returns:
        Unsigned 16-bit little-endian pixels, 2·rows·cols bytes.

    Raises:
        RefusedError: With ``UNSUPPORTED_TRANSFER_SYNTAX`` if GDCM cannot decode it.
    """
    gdcm.Trace.WarningOff()
    gdcm.Trace.ErrorOff()
    image = _image(compressed, transfer_syntax, rows, cols)
    data: bytes = image.GetBuffer().encode("utf-8", "surrogateescape")
    if len(data) != 2 * rows * cols or not any(data):
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            "this kind of 12-bit JPEG cannot be decoded; convert the file to JPEG lossless",
        )
    return data


def _image(compressed: bytes, transfer_syntax: str, rows: int, cols: int) -> gdcm.Image:
    """Make a GDCM image from one compressed frame."""
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(compressed)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((cols, rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    syntax = gdcm.TransferSyntax.GetTSType(transfer_syntax)
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    return image
