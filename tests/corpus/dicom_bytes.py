"""DICOM files written byte by byte, with the faults that no library would write."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
from tests.corpus import build

LONG = ("OB", "OW", "OF", "SQ", "UN", "UT", "UC", "UR")
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD

Elements = dict[tuple[int, int], tuple[str, bytes]]


def element(group: int, number: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """One element in explicit little endian; ``length`` may lie."""
    value += (b"\0" if vr in ("UI", "OB", "UN") else b" ") * (len(value) % 2)
    said = len(value) if length is None else length
    head = struct.pack("<HH", group, number) + vr.encode()
    size = b"\0\0" + struct.pack("<I", said) if vr in LONG else struct.pack("<H", said)
    return head + size + value


def mark(number: int, length: int = 0) -> bytes:
    """An item, or the end of an item or of a sequence."""
    return struct.pack("<HHI", 0xFFFE, number, length)


def small() -> build.Array:
    """256 × 256 pixels of the plain slice, int16 HU."""
    return np.ascontiguousarray(build.plain()[128:384, 128:384])


BASE: Elements = {
    (8, 8): ("CS", b"ORIGINAL\\PRIMARY\\AXIAL"),
    (8, 0x16): ("UI", b"1.2.840.10008.5.1.4.1.1.2"),
    (8, 0x18): ("UI", b"1.2.3.4.5"),
    (8, 0x60): ("CS", b"CT"),
    (0x20, 0xE): ("UI", b"1.2.3.4"),
    (0x20, 0x32): ("DS", b"0\\0\\0"),
    (0x20, 0x37): ("DS", b"1\\0\\0\\0\\1\\0"),
    (0x28, 2): ("US", b"\1\0"),
    (0x28, 4): ("CS", b"MONOCHROME2"),
    (0x28, 0x10): ("US", b"\0\1"),
    (0x28, 0x11): ("US", b"\0\1"),
    (0x28, 0x30): ("DS", b"0.7\\0.7"),
    (0x28, 0x100): ("US", b"\x10\0"),
    (0x28, 0x101): ("US", b"\x10\0"),
    (0x28, 0x102): ("US", b"\x0f\0"),
    (0x28, 0x103): ("US", b"\1\0"),
    (0x28, 0x1052): ("DS", b"0"),
    (0x28, 0x1053): ("DS", b"1"),
}
"""A CT slice of 256 × 256 signed 16-bit pixels in HU."""


def meta(syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    """Preamble and file meta information."""
    content = (
        element(2, 1, "OB", b"\0\1")
        + element(2, 2, "UI", b"1.2.840.10008.5.1.4.1.1.2")
        + element(2, 3, "UI", b"1.2.3.4.5")
        + element(2, 0x10, "UI", syntax.encode())
    )
    return bytes(128) + b"DICM" + element(2, 0, "UL", struct.pack("<I", len(content))) + content


def body(over: Elements | None = None, pixels: bytes | None = None) -> bytes:
    """A data set: the base with some elements replaced, then pixels."""
    values = sorted({**BASE, **(over or {})}.items())
    native = element(0x7FE0, 0x10, "OW", small().tobytes())
    head = b"".join(element(*tag, *value) for tag, value in values)
    return head + (native if pixels is None else pixels)


def with_raw(tag: tuple[int, int], raw: bytes) -> bytes:
    """A file in which one element is replaced by raw bytes."""
    parts: dict[tuple[int, int], bytes] = {
        each: element(*each, *value) for each, value in BASE.items()
    }
    parts[tag] = raw
    head = b"".join(parts[each] for each in sorted(parts))
    return meta() + head + element(0x7FE0, 0x10, "OW", small().tobytes())


def encapsulated(frames: list[bytes]) -> bytes:
    """Compressed pixels: an empty offset table, then one item a frame."""
    padded = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    items = b"".join(mark(ITEM, len(frame)) + frame for frame in padded)
    head = struct.pack("<HH", 0x7FE0, 0x10) + b"OB\0\0" + struct.pack("<I", UNDEFINED)
    return head + mark(ITEM) + items + mark(SEQUENCE_END)


def nested(depth: int, core: bytes = b"") -> bytes:
    """Sequences inside sequences, of undefined length."""
    opening = struct.pack("<HH", 8, 0x1115) + b"SQ\0\0" + struct.pack("<I", UNDEFINED)
    closing = mark(ITEM_END) + mark(SEQUENCE_END)
    return (opening + mark(ITEM, UNDEFINED)) * depth + core + closing * depth


def recoded(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A compressed file of one frame with its code changed."""
    start = content.rfind(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff") + 12
    table = start + 8 + struct.unpack("<I", content[start + 4 : start + 8])[0]
    (length,) = struct.unpack("<I", content[table + 4 : table + 8])
    code = change(content[table + 8 : table + 8 + length])
    code += b"\0" * (len(code) % 2)
    return content[:table] + mark(ITEM, len(code)) + code + content[table + 8 + length :]
