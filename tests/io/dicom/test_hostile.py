"""Headers and codestreams made to hurt: refused soon, within memory."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.io import make

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import find_scans, read_file_headers, read_slice
from ctiqa.io.access.files import MAX_INFLATED_BYTES
from ctiqa.io.dicom.decoding.codestream import check_codestream, declared_matrix
from ctiqa.io.dicom.limited import _MAX_HEADER_BYTES, LimitedReader
from ctiqa.io.dicom.meta import read_announced

SOON_S = 10.0
"""Twenty times as long as it takes; a bomb takes minutes."""


BOMB_MB = 2 * MAX_INFLATED_BYTES >> 20


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    count = len(value) if length is None else length
    return (
        struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        + vr
        + b"\0\0"
        + struct.pack("<I", count)
        + value
    )


def before_pixels(path: Path, extra: bytes) -> Path:
    """Put elements between the header and the pixels of a slice."""
    content = path.read_bytes()
    place = content.rindex(b"\xe0\x7f\x10\x00O")
    path.write_bytes(content[:place] + extra + content[place:])
    return path


def items(count: int) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count


DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def many_items(path: Path) -> Path:
    value = items(1_500_000) + DELIMITER
    return before_pixels(path, element(0x7FDF1010, b"SQ", value, 0xFFFFFFFF))


def long_values_in_a_sequence(path: Path) -> Path:
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    item += element(0x7FDF1011, b"OB", bytes(_MAX_HEADER_BYTES + 1000))
    item += struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    return before_pixels(path, element(0x7FDF1010, b"SQ", item + DELIMITER, 0xFFFFFFFF))


def huge_wanted_element(path: Path) -> Path:
    content = path.read_bytes()
    place = content.index(b"\x08\x00\x70\x00LO")
    end = place + 8 + struct.unpack("<H", content[place + 6 : place + 8])[0]
    huge = element(0x00080070, b"UN", b"A" * (2 << 20))
    path.write_bytes(content[:place] + huge + content[end:])
    return path


def empty_fragments(path: Path) -> Path:
    content = path.read_bytes()
    place = content.rindex(b"\xe0\x7f\x10\x00O") + 12
    path.write_bytes(content[:place] + items(100_000) + DELIMITER)
    return path


def deflated_bomb(path: Path) -> Path:
    content = make.write_ct(path, syntax=make.DEFLATED).read_bytes()
    length = struct.unpack("<I", content[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = b"".join(packer.compress(bytes(1 << 20)) for _ in range(BOMB_MB))
    path.write_bytes(content[: 144 + length] + zeros + packer.flush())
    return path


@pytest.mark.parametrize(
    ("syntax", "spoil", "reason"),
    [
        (make.EXPLICIT, many_items, Reason.CORRUPT),
        (make.EXPLICIT, long_values_in_a_sequence, Reason.CORRUPT),
        (make.EXPLICIT, huge_wanted_element, Reason.CORRUPT),
        (make.JPEG_LS, empty_fragments, Reason.CORRUPT),
        (make.EXPLICIT, deflated_bomb, Reason.TOO_LARGE),
    ],
)
def test_hostile_headers(
    tmp_path: Path, syntax: str, spoil: Callable[[Path], Path], reason: Reason
) -> None:
    path = spoil(make.write_ct(tmp_path / "a.dcm", syntax=syntax))
    start = time.monotonic()
    with pytest.raises(RefusedError) as caught:
        read_file_headers(path)
    assert caught.value.reason is reason
    assert time.monotonic() - start < SOON_S


def test_long_private_elements_are_skipped(tmp_path: Path) -> None:
    size = _MAX_HEADER_BYTES + 1000
    path = make.write_ct(tmp_path / "a.dcm")
    before_pixels(path, element(0x7FDF1010, b"OB", bytes(size)))
    items_of_it = struct.pack("<HHI", 0xFFFE, 0xE000, size) + bytes(size) + DELIMITER
    before_pixels(path, element(0x7FDF1011, b"OB", items_of_it, 0xFFFFFFFF))
    assert read_file_headers(path).headers


def test_a_limited_reader_counts_bytes_and_pieces() -> None:
    with pytest.raises(RefusedError, match="too long for a CT image"):
        LimitedReader(io.BytesIO(b""), is_enhanced=False).read(-1)
    reader = LimitedReader(io.BytesIO(bytes(10)), is_enhanced=False)
    assert reader.read(4) == bytes(4)
    with pytest.raises(RefusedError):
        reader.read(_MAX_HEADER_BYTES)


def test_meta_information_is_read_in_both_encodings(tmp_path: Path) -> None:
    content = make.write_ct(tmp_path / "a.dcm", syntax=make.DEFLATED).read_bytes()
    announced = read_announced(io.BytesIO(content))
    assert announced.transfer_syntax == make.DEFLATED
    assert announced.end == 144 + struct.unpack("<I", content[140:144])[0]
    implicit = struct.pack("<HHI", 2, 0x10, 22) + make.DEFLATED.encode()
    found = read_announced(io.BytesIO(bytes(128) + b"DICM" + implicit + b"\x08\0\0\0"))
    assert (found.transfer_syntax, found.end) == (make.DEFLATED, 132 + len(implicit))
    assert read_announced(io.BytesIO(b"\x08\0\x05\0CS\0\0")).transfer_syntax == ""


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("syntax", [make.JPEG_LS, make.JPEG_2000, make.RLE])
def test_cut_codestreams_are_refused_soon(tmp_path: Path, syntax: str, cut: float) -> None:
    """With all fragments in place, so that only the decoder can find out."""
    path = make.write_ct(tmp_path / "a.dcm", syntax=syntax)
    content = path.read_bytes()
    start = content.rindex(b"\xe0\x7f\x10\x00O") + 12
    table = struct.unpack("<I", content[start + 4 : start + 8])[0]
    item = start + 8 + table
    length = struct.unpack("<I", content[item + 4 : item + 8])[0]
    code = content[item + 8 : item + 8 + length][: int(cut * length) // 2 * 2]
    head = struct.pack("<HHI", 0xFFFE, 0xE000, len(code))
    path.write_bytes(content[:item] + head + code + DELIMITER)
    began = time.monotonic()
    with pytest.raises(RefusedError) as caught:
        read_slice(read_file_headers(path).headers[0])
    assert caught.value.reason is Reason.CORRUPT
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("fill", ["", "ff", "ffffff", "ff01", "ffd0"])
def test_fill_bytes_and_lone_markers_hide_no_size(fill: str) -> None:
    code = bytes.fromhex(f"ffd8 {fill} fff7 000b 10 ea60 ea60 01")
    assert declared_matrix(code) == (60000, 60000)
    with pytest.raises(RefusedError, match="must be 512 × 512 pixels, got 60000 × 60000"):
        check_codestream(code, (512, 512))


@pytest.mark.parametrize("code", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"nonsense" * 100])
def test_a_codestream_that_says_nothing_is_refused(code: bytes) -> None:
    with pytest.raises(RefusedError, match="does not say how large it is"):
        check_codestream(code, (512, 512))


def test_impossible_positions_are_unknown(tmp_path: Path) -> None:
    for index, z_mm in enumerate(("1e306", "1e12", "-1e308")):
        make.write_ct(
            tmp_path / f"{index}.dcm",
            make.phantom(seed=index),
            ImagePositionPatient=["0", "0", z_mm],
            SOPInstanceUID=f"2.25.{index}",
        )
    (scan,) = find_scans([tmp_path]).scans
    assert [header.z_mm for header in scan.headers] == [None] * 3
