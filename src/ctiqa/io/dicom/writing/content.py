"""The header of a source, and the bytes of a new file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, cast

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from ctiqa.io.access.files import open_file
from ctiqa.io.dicom.header import DicomFile
from ctiqa.io.dicom.limited import LimitedReader
from ctiqa.io.silence import foreign


def further_elements(file: DicomFile, keywords: Sequence[str]) -> Dataset:
    """Elements of a header that the readers skip.

    Args:
        file: The parsed file.
        keywords: The elements to read.

    Raises:
        RefusedError: If the file cannot be opened or is damaged.
    """
    content = file.location.content
    stream = open_file(file.location.path) if content is None else io.BytesIO(content)
    with stream, foreign("the DICOM header"):
        limited = cast("BinaryIO", LimitedReader(stream, is_enhanced=True))
        return dcmread(limited, stop_before_pixels=True, force=True, specific_tags=[*keywords])


def file_bytes(image: Dataset) -> bytes:
    """The content of a file with this data set, in explicit VR little endian."""
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = io.BytesIO()
    dcmwrite(stream, image, enforce_file_format=True)
    return stream.getvalue()
