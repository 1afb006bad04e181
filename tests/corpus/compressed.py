"""Compressing pixels, also in transfer syntaxes that pydicom reads and does not write."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gdcm
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_SPECTRAL = "1.2.840.10008.1.2.4.53"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
BY_GDCM = {
    JPEG_EXTENDED: "JPEGExtendedProcess2_4",
    JPEG_SPECTRAL: "JPEGSpectralSelectionProcess6_8",
    JPEG_LOSSLESS: "JPEGLosslessProcess14_1",
}
"""Transfer syntaxes that pydicom reads and does not write, by GDCM's name."""


def compress(ds: Dataset, syntax: str, coded_bits: int | None) -> None:
    """Compress the pixels of a data set in place.

    Args:
        ds: Data set with uncompressed pixels.
        syntax: Transfer syntax UID.
        coded_bits: Precision of the stream, where it differs from BitsStored.
    """
    bits, high = ds.BitsStored, ds.HighBit
    if coded_bits is not None:
        ds.BitsStored, ds.HighBit = coded_bits, coded_bits - 1
    if syntax in BY_GDCM:
        ds.PixelData = encapsulate([by_gdcm(ds, syntax)])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        ds.file_meta.TransferSyntaxUID = UID(syntax)
    else:
        ds.compress(UID(syntax), generate_instance_uid=False)
    ds.BitsStored, ds.HighBit = bits, high


def by_gdcm(ds: Dataset, syntax: str) -> bytes:
    """One frame compressed by GDCM, which can write what pydicom cannot."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.dcm")
        dcmwrite(path, ds, enforce_file_format=True)
        # GDCM's objects must outlive each other; a reader owns its image.
        reader = gdcm.ImageReader()
        reader.SetFileName(path)
        change = gdcm.ImageChangeTransferSyntax()
        kind = getattr(gdcm.TransferSyntax, BY_GDCM[syntax])
        change.SetTransferSyntax(gdcm.TransferSyntax(kind))
        assert reader.Read()
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(path)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return next(generate_frames(dcmread(path).PixelData, number_of_frames=1))
