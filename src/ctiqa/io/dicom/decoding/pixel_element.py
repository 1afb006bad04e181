"""Position and declared length of the pixel value of a DICOM file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset

UNDEFINED_LENGTH = 0xFFFFFFFF

PIXEL_DATA = (0x7FE0, 0x0010)

_LONG_VRS = (b"OB", b"OW", b"UN")


@dataclass(frozen=True, slots=True)
class PixelElement:
    """The pixel data element.

    Attributes:
        start: Offset of its value; ``None`` if the element is absent.
        length: Length of its value in bytes; ``None`` if undefined (encapsulated).
        is_bytes: Whether its value representation is OB.
    """

    start: int | None = None
    length: int | None = None
    is_bytes: bool = False


def find_pixels(stream: BinaryIO, dataset: Dataset) -> PixelElement:
    """Read tag, value representation and length of the pixel data element.

    Args:
        stream: The file, at the element.
        dataset: The elements before it.
    """
    implicit, little = dataset.original_encoding
    order = "<" if little else ">"
    start = stream.tell()
    head = stream.read(12)
    if len(head) < 12 or head[:4] != struct.pack(f"{order}HH", *PIXEL_DATA):
        return PixelElement()
    vr = head[4:6]
    # Some files declare implicit VR but use explicit; no implicit length looks like this.
    if vr in _LONG_VRS and (not implicit or head[6:8] == b"\0\0"):
        (length,) = struct.unpack(f"{order}I", head[8:12])
        start += 12
    else:
        (length,) = struct.unpack(f"{order}I", head[4:8])
        start += 8
    return PixelElement(start, None if length == UNDEFINED_LENGTH else length, vr == b"OB")
