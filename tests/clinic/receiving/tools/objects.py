"""Small DICOM objects for tests, and their encoding."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

EXAMPLE = Path(__file__).parents[4] / "src" / "ctiqa" / "assets" / "example"


def ct(uid: str = "1.2.3", sop_class: str = CTImageStorage, pixels: bytes = bytes(512)) -> Dataset:
    """A CT image, of which only what the listener looks at is true."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = sop_class, uid
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.5"
    image.PatientName, image.PatientID = "Secret^Name", "SECRET-ID"
    image.Rows = image.Columns = 16
    image.BitsAllocated = 16
    image.PixelData = pixels
    image["PixelData"].VR = "OW"
    return image


def encoded(image: Dataset) -> bytes:
    """A data set as it is sent, Explicit VR Little Endian."""
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, image)
    return stream.getvalue()


def data_set_of(file: Path) -> bytes:
    """The bytes of a file after its file meta information."""
    data = file.read_bytes()
    # Preamble, DICM, then the element with the length of the rest of the group.
    length = int.from_bytes(data[140:144], "little")
    return data[144 + length :]


def is_readable(file: Path) -> bool:
    """Whether a file is DICOM in the transfer syntax that it states."""
    return dcmread(BytesIO(file.read_bytes())).file_meta.TransferSyntaxUID is not None


SYNTAX = str(ExplicitVRLittleEndian)
