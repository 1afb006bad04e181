"""Bits of a pixel cell: where the value is, its sign, and what contradicts the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.io import make

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import read_file_headers, read_slice
from ctiqa.io.dicom.decoding.bits import values_of
from ctiqa.io.dicom.layout import Layout

HU = make.phantom()


def layout(stored: int, high: int, *, signed: bool = False, allocated: int = 16) -> Layout:
    return Layout(512, 512, 1, allocated, stored, high, signed, "MONOCHROME2")


def write(path: Path, cells: npt.NDArray[Any], syntax: str = make.EXPLICIT, **tags: Any) -> Path:
    return make.save(path, make.dataset(HU, **tags), cells, syntax)


def refusal(path: Path) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_slice(read_file_headers(path).headers[0])
    return caught.value


@pytest.mark.parametrize("bits", [12, 13, 14, 15])
@pytest.mark.parametrize("rest", [0, 0xFFFF, 0x5555])
def test_the_sign_is_extended_whatever_stands_above_it(bits: int, rest: int) -> None:
    values = np.arange(-1024, 1500, dtype=np.int16)
    mask = (1 << bits) - 1
    cells = (values.view(np.uint16) & mask) | np.uint16(rest & ~mask & 0xFFFF)
    found = values_of(cells.view(np.int16), layout(bits, bits - 1, signed=True))
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("extend", [False, True])
def test_signed_slice_with_12_bits_in_16(tmp_path: Path, extend: bool) -> None:
    cells = HU if extend else (HU.view(np.uint16) & 0xFFF).view(np.int16)
    path = write(
        tmp_path / "a.dcm",
        cells,
        PixelRepresentation=1,
        BitsStored=12,
        HighBit=11,
        RescaleIntercept=0,
    )
    np.testing.assert_array_equal(read_slice(read_file_headers(path).headers[0]).hu, HU)


@pytest.mark.parametrize("extend_negative", [False, True])
def test_signed_numbers_that_need_more_bits_are_refused(extend_negative: bool) -> None:
    values = np.array([[1000, 2047, 2048, 2182]], np.int16)
    if extend_negative:
        values = np.array([[-1000, 2047, 2048, 2182]], np.int16)
    with pytest.raises(RefusedError, match=r"'BitsStored' is 12 .* some are above 2047") as caught:
        values_of(values, layout(12, 11, signed=True))
    assert caught.value.reason is Reason.CORRUPT


@pytest.mark.parametrize("syntax", [make.EXPLICIT, make.BIG_ENDIAN, make.RLE, make.JPEG_2000])
@pytest.mark.parametrize("bit", [12, 15])
def test_overlays_in_unused_bits_are_no_pixels(tmp_path: Path, syntax: str, bit: int) -> None:
    cells = (HU.astype(np.int32) + 1024).astype(np.uint16)
    cells[100:200, 100:300] |= 1 << bit
    ds = make.dataset(HU, BitsStored=16 if syntax in make.COMPRESSED else 12, HighBit=11)
    if syntax in make.COMPRESSED:
        ds.HighBit = 15
    path = make.save(tmp_path / "a.dcm", ds, cells, syntax)
    if syntax in make.COMPRESSED:
        content = path.read_bytes()
        stored = b"\x28\x00\x01\x01US\x02\x00"
        high = b"\x28\x00\x02\x01US\x02\x00"
        assert content.count(stored) == content.count(high) == 1
        content = content.replace(stored + b"\x10\x00", stored + b"\x0c\x00")
        path.write_bytes(content.replace(high + b"\x0f\x00", high + b"\x0b\x00"))
    np.testing.assert_array_equal(read_slice(read_file_headers(path).headers[0]).hu, HU)


@pytest.mark.parametrize(("stored", "high"), [(12, 15), (12, 13), (14, 15)])
def test_values_in_the_upper_bits(tmp_path: Path, stored: int, high: int) -> None:
    cells = (HU.astype(np.int32) + 1024).astype(np.uint16) << (high + 1 - stored)
    path = write(tmp_path / "a.dcm", cells, BitsStored=stored, HighBit=high)
    np.testing.assert_array_equal(read_slice(read_file_headers(path).headers[0]).hu, HU)


def test_a_high_bit_that_the_pixels_contradict(tmp_path: Path) -> None:
    cells = (HU.astype(np.int32) + 1024).astype(np.uint16)
    error = refusal(write(tmp_path / "a.dcm", cells, BitsStored=12, HighBit=15))
    assert error.reason is Reason.CORRUPT
    assert "'HighBit' is 15 with 12 bits stored" in error.detail


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"BitsStored": 12, "HighBit": 10}, "'HighBit' must be in 11…15, got 10"),
        ({"BitsStored": 12, "HighBit": 16}, "'HighBit' must be in 11…15, got 16"),
        ({"PixelRepresentation": 2}, "'PixelRepresentation' must be 0 or 1, got 2"),
        ({"NumberOfFrames": 300_000}, "at most 20000 frames, got 300000"),
    ],
)
def test_layouts_that_cannot_be(tmp_path: Path, tags: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        read_file_headers(make.write_ct(tmp_path / "a.dcm", **tags))


def test_bytes_are_not_swapped_under_a_big_endian_syntax(tmp_path: Path) -> None:
    cells = (HU.astype(np.int32) + 1024).astype(">u2")
    path = write(tmp_path / "a.dcm", cells, make.BIG_ENDIAN)
    content = path.read_bytes()
    words = b"\x7f\xe0\x00\x10OW"
    assert content.count(words) == 1
    head, tail = content.split(words)
    swapped = np.frombuffer(tail[6:], np.uint16).byteswap().tobytes()
    path.write_bytes(head + b"\x7f\xe0\x00\x10OB" + tail[:6] + swapped)
    np.testing.assert_array_equal(read_slice(read_file_headers(path).headers[0]).hu, HU)


def test_pixels_of_one_byte_in_big_endian_words(tmp_path: Path) -> None:
    grey = np.clip((HU.astype(np.int32) + 1024) // 16, 0, 255).astype(np.uint8)
    tags = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "RescaleSlope": 16}
    cells = grey.reshape(-1, 2)[:, ::-1].reshape(grey.shape)
    path = write(tmp_path / "a.dcm", cells, make.BIG_ENDIAN, **tags)
    found = read_slice(read_file_headers(path).headers[0]).hu
    np.testing.assert_array_equal(found, grey.astype(np.float32) * 16 - 1024)
