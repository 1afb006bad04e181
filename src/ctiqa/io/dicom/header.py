"""A DICOM file taken apart: its header, and where its pixels begin.

Only the tags in :data:`WANTED` are ever loaded. None of them identifies the patient, so nothing
that is built on this module can leak an identity.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import GZIP_MAGIC, MAX_INFLATED_BYTES, inflate, open_file
from ctiqa.io.silence import foreign

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

SYNTAX_OF_ENCODING = {
    (True, True): IMPLICIT_LITTLE,
    (False, True): EXPLICIT_LITTLE,
    (False, False): EXPLICIT_BIG,
}
"""Transfer syntax by (implicit VR, little endian), for files that do not name it."""

UNDEFINED_LENGTH = 0xFFFFFFFF
META_START = 132
LONG_VRS = (b"OB", b"OW", b"UN")

tag_of = lru_cache(maxsize=None)(Tag)
"""Tag of a keyword; pydicom looks it up anew each time, for every file."""

WANTED = [
    tag_of(keyword)
    for keyword in (
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "Modality",
        "ImageType",
        "Manufacturer",
        "ManufacturerModelName",
        "BodyPartExamined",
        "KVP",
        "XRayTubeCurrent",
        "Exposure",
        "ExposureInuAs",
        "CTDIvol",
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
"""Tags that are loaded; everything else is skipped on the way."""


Stamp = tuple[int, int]
"""Time of the last change in ns, and size in bytes: another stamp, another file."""


@dataclass(frozen=True, slots=True)
class PixelPlace:
    """Where the pixels of a file begin, and how they are encoded.

    Attributes:
        path: The file.
        stamp: Its stamp when its header was read.
        transfer_syntax: UID, guessed from the encoding where the file does not say.
        start: Offset of the pixel value in ``content`` or the file; ``None`` if it has none.
        length: Its length in bytes; ``None`` if encapsulated (undefined length).
        size: Length of ``content`` or the file in bytes.
        offsets: The extended offset table, which finds a frame among many without walking over
            them: offsets and lengths; ``None`` where there is none.
        content: The data set itself where the file had to be unpacked (gzip, deflate).
    """

    path: Path
    stamp: Stamp
    transfer_syntax: str
    start: int | None
    length: int | None
    size: int
    offsets: tuple[bytes, bytes] | None = None
    content: bytes | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file at the first byte of its pixel value."""
        stream = io.BytesIO(self.content) if self.content is not None else open_file(self.path)
        with stream:
            stream.seek(self.start or 0)
            yield stream


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A parsed header.

    Attributes:
        dataset: The wanted elements, as pydicom holds them.
        sop_class: SOP class UID, from the file meta information where the data set lacks it.
        place: Where the pixels are.
    """

    dataset: Dataset
    sop_class: str
    place: PixelPlace


def parse(path: Path) -> DicomFile:
    """Take a DICOM file apart without reading its pixels.

    Files without preamble, without file meta information, deflated or wrapped in gzip are fine.

    Raises:
        RefusedError: If the file cannot be opened, is no DICOM, ends inside its header or is
            damaged.
    """
    return _parse(path, stamp_of(path))


def stamp_of(path: Path) -> Stamp:
    """The stamp of a file.

    Raises:
        RefusedError: If the file cannot be opened.
    """
    with open_file(path) as stream:
        status = os.fstat(stream.fileno())
    return status.st_mtime_ns, status.st_size


# A multi-frame header can take a second to parse and is asked for once a frame; the stamp drops
# the memory of a file that has changed.
@lru_cache(maxsize=2)
def _parse(path: Path, stamp: Stamp) -> DicomFile:
    with open_file(path) as stream:
        gzipped = stream.read(2) == GZIP_MAGIC
        stream.seek(0)
        content = inflate(stream) if gzipped else None
        return _parse_stream(
            path, stamp, stream if content is None else io.BytesIO(content), content
        )


def _parse_stream(path: Path, stamp: Stamp, stream: BinaryIO, content: bytes | None) -> DicomFile:
    """Parse a seekable stream that holds a DICOM file; ``content`` is the stream if unpacked."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    with foreign("the DICOM header"):
        dataset = dcmread(stream, stop_before_pixels=True, force=True, specific_tags=WANTED)
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")).strip()
    if syntax == DEFLATED:
        content = _undeflate(stream)
        return _parse_stream(path, stamp, io.BytesIO(content), content)
    with foreign("the DICOM header"):
        _check_complete(dataset, stream.tell(), size)
        start, length = _pixel_element(stream, dataset)
        place = PixelPlace(
            path=path,
            stamp=stamp,
            transfer_syntax=syntax or _guessed_syntax(dataset),
            start=start,
            length=length,
            size=size,
            offsets=_offsets(dataset),
            content=content,
        )
        return DicomFile(dataset=dataset, sop_class=_sop_class(dataset), place=place)


def _offsets(dataset: Dataset) -> tuple[bytes, bytes] | None:
    offsets = dataset.get("ExtendedOffsetTable")
    lengths = dataset.get("ExtendedOffsetTableLengths")
    return (offsets, lengths) if offsets and lengths else None


def _guessed_syntax(dataset: Dataset) -> str:
    """Transfer syntax of a file that does not name it: never compressed."""
    implicit, little = dataset.original_encoding
    return SYNTAX_OF_ENCODING.get((bool(implicit), bool(little)), IMPLICIT_LITTLE)


def _sop_class(dataset: Dataset) -> str:
    """SOP class of the data set, or that which the file meta information announces."""
    return str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID", ""))


def _undeflate(stream: BinaryIO) -> bytes:
    """Unpack a deflated file into the same file in explicit little endian.

    Raises:
        RefusedError: With ``CORRUPT``, ``TRUNCATED`` or ``TOO_LARGE``.
    """
    stream.seek(META_START)
    group_length = stream.read(12)
    if len(group_length) < 12 or group_length[:4] != b"\x02\0\0\0":
        raise RefusedError(Reason.CORRUPT, "'FileMetaInformationGroupLength' is absent")
    (length,) = struct.unpack("<I", group_length[8:])
    stream.seek(0)
    head = stream.read(META_START + 12 + length)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = inflater.decompress(stream.read(), MAX_INFLATED_BYTES)
    except zlib.error:
        raise RefusedError(Reason.CORRUPT, "the deflated data set is damaged") from None
    if inflater.unconsumed_tail:
        raise RefusedError(
            Reason.TOO_LARGE, f"the data set unpacks to more than {MAX_INFLATED_BYTES} bytes"
        )
    if not inflater.eof:
        raise RefusedError(Reason.TRUNCATED, "the deflated data set ends early")
    renamed = EXPLICIT_LITTLE.encode().ljust(len(DEFLATED), b"\0")
    return head.replace(DEFLATED.encode(), renamed) + body


def _check_complete(dataset: Dataset, end: int, size: int) -> None:
    """Refuse a header that was cut off.

    Raises:
        RefusedError: With ``TRUNCATED``.
    """
    last: Any = dataset.get_item(max(dataset.keys())) if dataset else None
    short = isinstance(last, RawDataElement) and len(last.value or b"") < last.length
    if short or end > size:
        raise RefusedError(Reason.TRUNCATED, f"the file ends inside its header, at byte {size}")


def _pixel_element(stream: BinaryIO, dataset: Dataset) -> tuple[int | None, int | None]:
    """Offset and length of the pixel value, from a stream that stands before its element."""
    implicit, little = dataset.original_encoding
    order = "<" if little else ">"
    start = stream.tell()
    head = stream.read(12)
    if head[:4] != struct.pack(f"{order}HH", 0x7FE0, 0x0010) or len(head) < 12:
        return None, None
    if implicit or head[4:6] not in LONG_VRS:
        (length,) = struct.unpack(f"{order}I", head[4:8])
        start += 8
    else:
        (length,) = struct.unpack(f"{order}I", head[8:12])
        start += 12
    return start, None if length == UNDEFINED_LENGTH else length


class Tags:
    """The elements that hold for one frame, without the ways in which they can be broken.

    An element is looked up in the frame's own functional groups, then in the shared ones, then
    at the top level, so that single-frame and Enhanced CT read alike. An element that cannot be
    parsed counts as absent: a malformed kernel name must not cost the image.
    """

    def __init__(self, dataset: Dataset, frame: int = 0) -> None:
        shared = _item(dataset, "SharedFunctionalGroupsSequence", 0)
        own = _item(dataset, "PerFrameFunctionalGroupsSequence", frame)
        self._chain = [*_groups(own), *_groups(shared), dataset]

    def value(self, keyword: str) -> Any:
        """The element's value, or ``None`` where it is absent, empty or unreadable."""
        for dataset in self._chain:
            if (found := _read(dataset, keyword)) is not None:
                return found
        return None

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values of a numeric element; empty where it is absent or not numeric."""
        value = self.value(keyword)
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        try:
            return tuple(float(each) for each in values)
        except (TypeError, ValueError, OverflowError):
            return ()

    def number(self, keyword: str) -> float | None:
        """The first value of a numeric element."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def integer(self, keyword: str) -> int | None:
        """The first value of a numeric element if it is whole."""
        number = self.number(keyword)
        return int(number) if number is not None and number.is_integer() else None

    def words(self, keyword: str) -> tuple[str, ...]:
        """All values of a text element, stripped."""
        value = self.value(keyword)
        if value is None:
            return ()
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        return tuple(str(each).strip(" \0") for each in values)

    def text(self, keyword: str) -> str | None:
        """The values of a text element, joined by backslashes as in the file."""
        return "\\".join(self.words(keyword)).strip()[:64] or None


def _read(dataset: Dataset, keyword: str) -> Any:
    try:
        element = dataset.get(tag_of(keyword))
        value = None if element is None else element.value
    # pydicom converts on access, and a damaged value can raise anything.
    except Exception:  # noqa: BLE001
        return None
    return None if value in (None, "") else value


def _item(dataset: Dataset, keyword: str, index: int) -> Dataset | None:
    """Item of a sequence, or ``None`` where the sequence is absent, too short or broken."""
    items = _read(dataset, keyword)
    if not isinstance(items, Sequence) or not 0 <= index < len(items):
        return None
    item = items[index]
    return item if isinstance(item, Dataset) else None


def _groups(item: Dataset | None) -> list[Dataset]:
    """The macros inside one functional group item, each the first item of a sequence."""
    if item is None:
        return []
    groups = (_item(item, keyword, 0) for keyword in item.dir() if keyword.endswith("Sequence"))
    return [group for group in groups if group is not None]
