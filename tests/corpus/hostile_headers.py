"""DICOM headers that are nested, long or said to be longer than any file."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

from tests.corpus import dicom_bytes as raw
from tests.corpus.case import Case
from tests.corpus.hostile import (
    NO_IMAGE,
    OWN,
    READ_OR_DAMAGED,
    sparse,
    written,
)
from tests.io import make


def stray_item() -> bytes:
    """Modality as a sequence with an item where an element should be."""
    inside = raw.mark(raw.ITEM, 8) + bytes(8)
    item = raw.mark(raw.ITEM, len(inside)) + inside
    return raw.with_raw((8, 0x60), raw.element(8, 0x60, "SQ", item))


def bad_length() -> bytes:
    """Modality as a sequence that holds a number of three bytes."""
    number = raw.element(8, 0, "UL", b"abc", length=3)[:-1]
    item = raw.mark(raw.ITEM, len(number)) + number
    return raw.with_raw((8, 0x60), raw.element(8, 0x60, "SQ", item))


def deep(depth: int) -> bytes:
    """A sequence that is nested deeply, before the image."""
    return raw.with_raw((8, 0x1115), raw.nested(depth))


def deep_modality() -> bytes:
    """Modality as a deep nest."""
    inner = raw.nested(3000)
    item = raw.mark(raw.ITEM, len(inner)) + inner
    return raw.with_raw((8, 0x60), raw.element(8, 0x60, "SQ", item))


def many_frames(count: int, frame: bytes = b"") -> bytes:
    """Very many compressed frames of no bytes."""
    over: raw.Elements = {(0x28, 8): ("IS", str(count).encode())}
    pixels = raw.encapsulated([frame] * count)
    return raw.meta(make.JPEG_LS) + raw.body(over, pixels)


def huge_element(folder: Path, tag: tuple[int, int], vr: str = "UN") -> None:
    """One element of 3 GB before the image."""
    head = raw.meta() + raw.element(8, 0x60, "CS", b"CT")
    head += raw.element(*tag, vr, b"", length=3_000_000_000)
    sparse(folder / "a.dcm", head, 3_000_001_000)


def huge_item(folder: Path) -> None:
    """A private sequence with one item of 3 GB."""
    head = raw.meta() + raw.element(8, 0x60, "CS", b"CT")
    head += struct.pack("<HH", 9, 0x1001) + b"SQ\0\0" + struct.pack("<I", raw.UNDEFINED)
    head += raw.mark(raw.ITEM, 3_000_000_000)
    sparse(folder / "a.dcm", head, 3_000_001_000)


def huge_private(folder: Path) -> None:
    """A private sequence of one very long unknown element, then the image."""
    inside = raw.element(9, 0x1002, "UN", b"", length=2_000_000_000)
    head = raw.meta() + raw.element(8, 0x60, "CS", b"CT")
    head += struct.pack("<HH", 9, 0x1001) + b"SQ\0\0" + struct.pack("<I", raw.UNDEFINED)
    head += raw.mark(raw.ITEM, raw.UNDEFINED) + inside
    sparse(folder / "a.dcm", head, 2_000_001_000)


def many_elements(count: int) -> bytes:
    """Very many private elements before the image."""
    each = b"".join(
        raw.element(9, 0x1000 + index % 0x1000, "LO", b"x" * 8) for index in range(count)
    )
    return raw.with_raw((9, 0), each)


CASES = (
    Case("stray item", "an element that is an item", READ_OR_DAMAGED, OWN, written(stray_item)),
    Case(
        "number of three bytes",
        "a length that fits no number",
        READ_OR_DAMAGED,
        OWN,
        written(bad_length),
    ),
    Case("100 sequences deep", "nested", READ_OR_DAMAGED, OWN, written(partial(deep, 100))),
    Case(
        "5,000 sequences deep",
        "nested beyond recursion",
        READ_OR_DAMAGED,
        OWN,
        written(partial(deep, 5000)),
    ),
    Case(
        "modality 3,000 sequences deep",
        "nested beyond recursion",
        READ_OR_DAMAGED,
        OWN,
        written(deep_modality),
    ),
    Case(
        "300,000 empty frames",
        "2.4 MB of them",
        NO_IMAGE,
        OWN,
        written(partial(many_frames, 300_000)),
    ),
    Case(
        "20,000 short frames",
        "frames of two bytes",
        NO_IMAGE,
        OWN,
        written(partial(many_frames, 20_000, b"\xff\xd8")),
    ),
    Case(
        "manufacturer of 3 GB",
        "a wanted element without end",
        NO_IMAGE,
        OWN,
        partial(huge_element, tag=(8, 0x70)),
    ),
    Case(
        "kernel of 3 GB",
        "a wanted element without end",
        NO_IMAGE,
        OWN,
        partial(huge_element, tag=(0x18, 0x1210)),
    ),
    Case(
        "private element of 3 GB",
        "an element that nobody wants",
        NO_IMAGE,
        OWN,
        partial(huge_element, tag=(9, 0x1001)),
    ),
    Case(
        "private text of 3 GB",
        "an element that nobody wants",
        NO_IMAGE,
        OWN,
        partial(huge_element, tag=(9, 0x1001), vr="UT"),
    ),
    Case("private item of 3 GB", "a sequence that nobody wants", NO_IMAGE, OWN, huge_item),
    Case("private sequence of 2 GB", "a sequence that nobody wants", NO_IMAGE, OWN, huge_private),
    Case(
        "100,000 private elements",
        "a long header",
        READ_OR_DAMAGED,
        OWN,
        written(partial(many_elements, 100_000)),
    ),
)
