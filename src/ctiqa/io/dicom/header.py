"""Parse DICOM files: the header, and the position of the pixels.

Data sets have only the tags in :data:`WANTED`. None of them identifies the patient, so code built
on this module cannot leak an identity.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import file_stamp, inflate, open_file
from ctiqa.io.access.inflated import GZIP_MAGIC
from ctiqa.io.access.regular import Stamp
from ctiqa.io.dicom.decoding.pixel_element import find_pixels
from ctiqa.io.dicom.decoding.syntaxes import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
)
from ctiqa.io.dicom.identity import IDENTITY, leave_out_identity
from ctiqa.io.dicom.limited import LimitedReader
from ctiqa.io.dicom.meta import read_announced, undeflate
from ctiqa.io.silence import foreign

CHANGED = "the file was replaced or changed after its header was read; score it again"

COMPARED_BYTES = 4096
"""Number of bytes at the start of a file that identify it; they contain the UID of the slice."""

SYNTAX_OF_ENCODING = {
    (True, True): IMPLICIT_LITTLE,
    (False, True): EXPLICIT_LITTLE,
    (False, False): EXPLICIT_BIG,
}
"""Transfer syntax by (implicit VR, little endian), for files that do not specify it."""

MAX_ELEMENT_BYTES = 1 << 20
"""Maximum length of a header element, in bytes; the longest is the offset table of many frames."""

tag_of = lru_cache(maxsize=None)(Tag)
"""Tag of a keyword, cached; pydicom would look it up for every file."""

WANTED = [
    tag_of(keyword)
    for keyword in (
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "Modality",
        "ImageType",
        "VolumeBasedCalculationTechnique",
        "Manufacturer",
        "ManufacturerModelName",
        "BodyPartExamined",
        "StationName",
        "ProtocolName",
        "SeriesDescription",
        "StudyDate",
        "AcquisitionDate",
        "KVP",
        "XRayTubeCurrent",
        "ExposureTime",
        "SpiralPitchFactor",
        "Exposure",
        "ExposureInuAs",
        "CTDIvol",
        "CTDIPhantomTypeCodeSequence",
        "ConvolutionKernel",
        "SliceThickness",
        "GantryDetectorTilt",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "ImagePosition",
        "ImageOrientation",
        "SliceLocation",
        "Location",
        "PixelSpacing",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "NumberOfFrames",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PixelPaddingValue",
        "PixelPaddingRangeLimit",
        "RescaleSlope",
        "RescaleIntercept",
        "RescaleType",
        "LossyImageCompression",
        "LossyImageCompressionRatio",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    )
]
"""Tags that are loaded; all others are skipped."""


@dataclass(frozen=True, slots=True)
class PixelLocation:
    """Position and encoding of the pixels of a file.

    Attributes:
        path: The file.
        stamp: Stamp of the file when its header was read.
        transfer_syntax: UID, inferred from the encoding if not specified.
        start: Offset of the pixel value in ``content`` or the file; ``None`` if there is none.
        length: Length of the pixel value in bytes; ``None`` if encapsulated (undefined length).
        size: Length of ``content`` or the file in bytes.
        head: Digest of the first bytes of the header; a file with another one was replaced.
        is_bytes: Whether the value representation is OB (bytes), to which byte order does not
            apply.
        offsets: The extended offset table (offsets and lengths), which locates a frame directly;
            ``None`` if absent.
        content: The data set itself, if the file had to be unpacked (gzip, deflate).
    """

    path: Path
    stamp: Stamp
    transfer_syntax: str
    start: int | None
    length: int | None
    size: int
    head: bytes
    is_bytes: bool = False
    offsets: tuple[bytes, bytes] | None = None
    content: bytes | None = field(default=None, repr=False, compare=False)

    @contextmanager
    def open(self, stream: BinaryIO | None = None) -> Iterator[BinaryIO]:
        """Open the file at the first byte of its pixel value.

        Args:
            stream: The file, if it is open already; it stays open.

        Raises:
            RefusedError: If the file cannot be opened, or is not the one whose header was read.
        """
        with self._stream(stream) as opened:
            opened.seek(self.start or 0)
            yield opened

    def _stream(self, stream: BinaryIO | None) -> AbstractContextManager[BinaryIO]:
        if self.content is not None:
            return io.BytesIO(self.content)
        return self._reopened() if stream is None else nullcontext(stream)

    def _reopened(self) -> BinaryIO:
        stream = open_file(self.path)
        if _head_digest(stream, self.start) != self.head:
            stream.close()
            raise RefusedError(Reason.CORRUPT, CHANGED)
        return stream


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A parsed header.

    Attributes:
        dataset: The wanted elements as a pydicom data set.
        sop_class: SOP class UID, from the file meta information if missing in the data set.
        location: Position and encoding of the pixels.
    """

    dataset: Dataset
    sop_class: str
    location: PixelLocation


@dataclass(frozen=True, slots=True)
class _HeaderCacheKey:
    """Cache key of a header; a changed file has another stamp."""

    path: Path
    stamp: Stamp
    stream: BinaryIO | None = field(default=None, repr=False, compare=False)


def parse(path: Path, stream: BinaryIO | None = None) -> DicomFile:
    """Parse a DICOM file without reading its pixels.

    Files may lack the preamble and the file meta information, and may be deflated or gzipped.

    Raises:
        RefusedError: If the file cannot be opened, is not DICOM, ends inside its header or is
            damaged.
    """
    return _parse(_HeaderCacheKey(path, file_stamp(path), stream))


# A multi-frame header can take a second to parse and is requested once per frame.
@lru_cache(maxsize=2)
def _parse(key: _HeaderCacheKey) -> DicomFile:
    with open_file(key.path) if key.stream is None else nullcontext(key.stream) as stream:
        gzipped = stream.read(2) == GZIP_MAGIC
        stream.seek(0)
        content = inflate(stream) if gzipped else None
        unpacked = stream if content is None else io.BytesIO(content)
        return _parse_stream(key.path, key.stamp, unpacked, content)


def _parse_stream(path: Path, stamp: Stamp, stream: BinaryIO, content: bytes | None) -> DicomFile:
    """Parse a seekable stream of a DICOM file; ``content`` is its content if unpacked."""
    size = stream.seek(0, io.SEEK_END)
    announced = read_announced(stream)
    if announced.transfer_syntax == DEFLATED:
        content = undeflate(stream, announced.end)
        return _parse_stream(path, stamp, io.BytesIO(content), content)
    limited = cast("BinaryIO", LimitedReader(stream, is_enhanced=announced.is_enhanced))
    with foreign("the DICOM header"):
        dataset = dcmread(
            limited,
            stop_before_pixels=True,
            force=True,
            specific_tags=[*WANTED, *IDENTITY],
            defer_size=MAX_ELEMENT_BYTES,
        )
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")).strip()
        end = stream.tell()
        is_cut = end > size or _ends_short(dataset)
        leave_out_identity(dataset)
        _check_elements(dataset)
        if is_cut:
            raise RefusedError(Reason.TRUNCATED, f"the file ends inside its header, at byte {size}")
        element = find_pixels(stream, dataset)
        location = PixelLocation(
            path=path,
            stamp=stamp,
            transfer_syntax=syntax or _guessed_syntax(dataset),
            start=element.start,
            length=element.length,
            size=size,
            head=_head_digest(stream, element.start),
            is_bytes=element.is_bytes,
            offsets=_offsets(dataset),
            content=content,
        )
        return DicomFile(dataset=dataset, sop_class=_sop_class(dataset), location=location)


def _head_digest(stream: BinaryIO, pixels_start: int | None) -> bytes:
    """Digest of the first bytes of a file, without pixels."""
    stream.seek(0)
    head = stream.read(min(COMPARED_BYTES, pixels_start or COMPARED_BYTES))
    return hashlib.blake2b(head, digest_size=16).digest()


def _offsets(dataset: Dataset) -> tuple[bytes, bytes] | None:
    offsets = dataset.get("ExtendedOffsetTable")
    lengths = dataset.get("ExtendedOffsetTableLengths")
    return (offsets, lengths) if offsets and lengths else None


def _guessed_syntax(dataset: Dataset) -> str:
    """Transfer syntax of a file that does not specify it; never compressed."""
    implicit, little = dataset.original_encoding
    return SYNTAX_OF_ENCODING.get((bool(implicit), bool(little)), IMPLICIT_LITTLE)


def _sop_class(dataset: Dataset) -> str:
    """SOP class of the data set, or else of the file meta information."""
    return str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID", ""))


def _check_elements(dataset: Dataset) -> None:
    """Refuse a header with an element too long for any header; such elements are not read.

    Raises:
        RefusedError: With ``CORRUPT``.
    """
    for element in dataset.values():
        if isinstance(element, RawDataElement) and element.value is None and element.length > 0:
            raise RefusedError(
                Reason.CORRUPT, f"an element of the header is {element.length} bytes long"
            )


def _ends_short(dataset: Dataset) -> bool:
    """Whether the last element has fewer bytes than it announces."""
    last: Any = dataset.get_item(max(dataset.keys())) if dataset else None
    if not isinstance(last, RawDataElement) or last.value is None:
        return False
    return len(last.value) < last.length
