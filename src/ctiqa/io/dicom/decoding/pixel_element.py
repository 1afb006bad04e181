"""Where the pixel value of a DICOM file begins, and how long it says it is."""

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
    """The element of the pixels.

    Attributes:
        start: Offset of its value; ``None`` where there is none.
        length: Length of its value in bytes; ``None`` where it is undefined (encapsulated).
        is_bytes: Whether its value representation is OB.
    """

    start: int | None = None
    length: int | None = None
    is_bytes: bool = False


def find_pixels(stream: BinaryIO, dataset: Dataset) -> PixelElement:
    """Read the head of the pixel element.

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
    # Some files announce implicit VR and are explicit; no implicit length looks like this.
    if vr in _LONG_VRS and (not implicit or head[6:8] == b"\0\0"):
        (length,) = struct.unpack(f"{order}I", head[8:12])
        start += 12
    else:
        (length,) = struct.unpack(f"{order}I", head[4:8])
        start += 8
    return PixelElement(start, None if length == UNDEFINED_LENGTH else length, vr == b"OB")
