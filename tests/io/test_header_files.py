"""MetaImage and NRRD: header files, the data files that they name, and what they may skip."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest
from tests.io.volumes import (
    Array,
    as_big_endian_mhd,
    meta_header,
    nrrd_fields,
    read_all,
    refusal,
    stack,
)

from ctiqa.errors import Reason
from ctiqa.io import find_scans, read_file_headers

XYZ = (2, 1, 0)
RAW = stack().tobytes()
SLICES = [each.tobytes() for each in stack()]


def nrrd_header(*lines: str, sizes: str = "260 256 3", kind: str = "short") -> bytes:
    """An NRRD header; ``lines`` are added."""
    fields = [
        "NRRD0004",
        f"type: {kind}",
        f"dimension: {len(sizes.split())}",
        f"sizes: {sizes}",
        "endian: little",
        *lines,
    ]
    if not any(line.startswith("encoding") for line in lines):
        fields.insert(2, "encoding: raw")
    return "".join(f"{line}\n" for line in fields).encode()


def write_slices(folder: Path, pattern: str = "s%02d.raw") -> list[str]:
    names = [pattern % number for number in range(1, 4)]
    for name, content in zip(names, SLICES, strict=True):
        (folder / name).write_bytes(content)
    return names


def check_whole(folder: Path) -> None:
    """The folder holds one volume and nothing is left over."""
    found = find_scans([folder])
    assert found.skipped == ()
    assert len(found.scans) == 1
    np.testing.assert_array_equal(read_all(folder), stack())


@pytest.mark.parametrize(
    "name", ["ct.raw", "./ct.raw", ".\\ct.raw", "sub/../ct.raw", "deep/ct.raw"]
)
@pytest.mark.parametrize("kind", ["nhdr", "mhd"])
def test_data_file_beside_or_below(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ("deep/ct.raw" if name.startswith("deep") else "ct.raw")).write_bytes(RAW)
    header = nrrd_header(f"data file: {name}") if kind == "nhdr" else meta_header(name)
    (tmp_path / f"ct.{kind}").write_bytes(header)
    check_whole(tmp_path)


@pytest.mark.parametrize(
    "name", ["../ct.raw", "/etc/passwd", "sub/../../ct.raw", "C:\\ct.raw", "..\\ct.raw", ".."]
)
@pytest.mark.parametrize("kind", ["nhdr", "mhd"])
def test_no_file_elsewhere_is_read(tmp_path: Path, name: str, kind: str) -> None:
    header = nrrd_header(f"data file: {name}") if kind == "nhdr" else meta_header(name)
    (tmp_path / f"ct.{kind}").write_bytes(header)
    error = refusal(tmp_path / f"ct.{kind}")
    assert error.reason is Reason.UNSUPPORTED_TRANSFER_SYNTAX
    assert "in the folder of their header" in error.detail


@pytest.mark.parametrize("name", ["schädel.raw".encode(), b"\xff\xfe.raw"])
@pytest.mark.parametrize("header", [b"mhd", b"mhd LIST", b"nhdr", b"nhdr LIST"])
def test_any_name_of_a_data_file(tmp_path: Path, name: bytes, header: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_bytes(RAW)
    kind, _, is_list = header.decode().partition(" ")
    given = "LIST 3\nNAME" if is_list else "NAME"
    content = nrrd_header(f"data file: {given}") if kind == "nhdr" else meta_header(given)
    (tmp_path / f"ct.{kind}").write_bytes(content.replace(b"NAME", name))
    check_whole(tmp_path)


@pytest.mark.parametrize("kind", ["nhdr", "mhd"])
def test_a_name_that_is_too_long(tmp_path: Path, kind: str) -> None:
    name = "x" * 5000
    header = nrrd_header(f"data file: {name}") if kind == "nhdr" else meta_header(name)
    (tmp_path / f"ct.{kind}").write_bytes(header)
    assert refusal(tmp_path / f"ct.{kind}").reason is Reason.NO_PIXELS


@pytest.mark.parametrize("kind", ["nhdr", "mhd"])
def test_header_that_names_itself(tmp_path: Path, kind: str) -> None:
    name = f"ct.{kind}"
    header = nrrd_header(f"data file: {name}") if kind == "nhdr" else meta_header(name)
    (tmp_path / name).write_bytes(header)
    assert refusal(tmp_path / name).reason is Reason.CORRUPT


@pytest.mark.parametrize(
    "lines",
    [
        ["data file: LIST", "s01.raw", "s02.raw", "s03.raw"],
        ["data file: LIST 2", "./s01.raw", "s02.raw", "s03.raw"],
        ["data file: LIST 3", "s01.raw", "s02.raw", "s03.raw"],
        ["data file: s%02d.raw 1 3 1"],
        ["data file: s%02d.raw 1 3 1 2"],
        ["datafile: ./s%02d.raw 1 3 1"],
    ],
)
def test_nrrd_in_several_files(tmp_path: Path, lines: list[str]) -> None:
    write_slices(tmp_path)
    (tmp_path / "ct.nhdr").write_bytes(nrrd_header(*lines))
    check_whole(tmp_path)


@pytest.mark.parametrize(
    "tail",
    ["LIST\ns01.raw\ns02.raw\ns03.raw", "LIST 2\ns01.raw\ns02.raw\ns03.raw", "s%02d.raw 1 3 1"],
)
def test_metaimage_in_several_files(tmp_path: Path, tail: str) -> None:
    write_slices(tmp_path)
    (tmp_path / "ct.mhd").write_bytes(meta_header(tail))
    check_whole(tmp_path)


def test_packed_slices_in_several_files(tmp_path: Path) -> None:
    for number, content in enumerate(SLICES, start=1):
        (tmp_path / f"s{number}.gz").write_bytes(gzip.compress(content))
    (tmp_path / "ct.nhdr").write_bytes(nrrd_header("encoding: gzip", "data file: s%d.gz 1 3 1"))
    check_whole(tmp_path)


def test_rows_in_files_of_their_own(tmp_path: Path) -> None:
    """Each file holds one row of all: the subdimension is 1."""
    names = []
    for number, row in enumerate(stack().reshape(-1, 260)):
        names.append(f"r{number:03d}.raw")
        (tmp_path / names[-1]).write_bytes(row.tobytes())
    (tmp_path / "ct.nhdr").write_bytes(nrrd_header("data file: LIST 1", *names))
    check_whole(tmp_path)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["data file: LIST", "s01.raw", "s02.raw"], Reason.TRUNCATED),
        (["data file: LIST 2", "s01.raw", "s02.raw"], Reason.CORRUPT),
        (["data file: LIST 2", "s01.raw", "s02.raw", "s03.raw", "s03.raw"], Reason.CORRUPT),
        (["data file: LIST"], Reason.CORRUPT),
        (["data file: LIST", "s01.raw", "s02.raw", "gone.raw"], Reason.NO_PIXELS),
        (["data file: LIST", "s01.raw", "s02.raw", "../s03.raw"], None),
        (["data file: s%02d.raw 1 2000000000 1"], Reason.CORRUPT),
        (["data file: s%02d.raw 1 3 0"], Reason.CORRUPT),
        (["data file: s%99999999d.raw 1 3 1"], Reason.CORRUPT),
        (["data file: s%02d%02d.raw 1 3 1"], Reason.CORRUPT),
    ],
)
def test_lists_that_do_not_fit(tmp_path: Path, lines: list[str], reason: Reason | None) -> None:
    write_slices(tmp_path)
    (tmp_path / "ct.nhdr").write_bytes(nrrd_header(*lines))
    expected = reason or Reason.UNSUPPORTED_TRANSFER_SYNTAX
    assert refusal(tmp_path / "ct.nhdr").reason is expected


def test_a_short_slice_in_a_list_is_truncated(tmp_path: Path) -> None:
    write_slices(tmp_path)
    (tmp_path / "s02.raw").write_bytes(SLICES[1][:-2])
    (tmp_path / "ct.mhd").write_bytes(meta_header("s%02d.raw 1 3 1"))
    assert refusal(tmp_path / "ct.mhd").reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    ("skips", "before"),
    [
        (["byte skip: 7"], b"1234567"),
        (["byteskip: -1"], b"whatever stands before\n"),
        (["line skip: 2"], b"one\ntwo\n"),
        (["line skip: 1", "byte skip: 3"], b"one\n123"),
    ],
)
def test_nrrd_skips(tmp_path: Path, skips: list[str], before: bytes) -> None:
    (tmp_path / "ct.raw").write_bytes(before + RAW)
    (tmp_path / "ct.nhdr").write_bytes(nrrd_header(*skips, "data file: ct.raw"))
    check_whole(tmp_path)


def test_nrrd_skips_bytes_after_unpacking(tmp_path: Path) -> None:
    content = nrrd_header("encoding: gz", "byte skip: 5") + b"\n" + gzip.compress(b"12345" + RAW)
    (tmp_path / "ct.nrrd").write_bytes(content)
    check_whole(tmp_path)


@pytest.mark.parametrize(
    "skips", [["byte skip: -2"], ["line skip: -1"], ["encoding: gzip", "byte skip: -1"]]
)
def test_nrrd_skips_that_cannot_be(tmp_path: Path, skips: list[str]) -> None:
    (tmp_path / "ct.nrrd").write_bytes(nrrd_header(*skips) + b"\n" + RAW)
    assert refusal(tmp_path / "ct.nrrd").reason is Reason.CORRUPT


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("int64", "i8"),
        ("long long", "i8"),
        ("signed long long int", "i8"),
        ("int", "i4"),
        ("int16_t", "i2"),
        ("float", "f4"),
        ("double", "f8"),
    ],
)
def test_nrrd_types(tmp_path: Path, kind: str, dtype: str) -> None:
    content = stack().astype(dtype).tobytes()
    (tmp_path / "ct.nrrd").write_bytes(nrrd_header(kind=kind) + b"\n" + content)
    check_whole(tmp_path)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("MET_LONG", "i4"), ("MET_LONG_LONG", "i8"), ("MET_FLOAT", "f4"), ("MET_DOUBLE", "f8")],
)
def test_metaimage_types(tmp_path: Path, kind: str, dtype: str) -> None:
    content = meta_header("LOCAL", ElementType=kind) + stack().astype(dtype).tobytes()
    (tmp_path / "ct.mha").write_bytes(content)
    check_whole(tmp_path)


@pytest.mark.parametrize("sizes", ["260 256 3 1", "1 260 256 3", "260 256 3 1 1", "260 1 256 3"])
def test_axes_of_length_1_say_nothing(tmp_path: Path, sizes: str) -> None:
    (tmp_path / "ct.nrrd").write_bytes(nrrd_header(sizes=sizes) + b"\n" + RAW)
    check_whole(tmp_path)


def test_nrrd_axis_without_direction_is_none_of_space(tmp_path: Path) -> None:
    header = nrrd_header(
        "space: left-posterior-superior",
        "space directions: none (0.7,0,0) (0,0.7,0) (0,0,3)",
        "kinds: vector domain domain domain",
        sizes="1 260 256 3",
    )
    (tmp_path / "ct.nrrd").write_bytes(header + b"\n" + RAW)
    check_whole(tmp_path)
    first = read_file_headers(tmp_path / "ct.nrrd").headers[0]
    assert first.spacing_mm == pytest.approx((0.7, 0.7))
    assert first.orientation == pytest.approx((1, 0, 0, 0, 1, 0))


def test_metaimage_of_four_axes_keeps_its_geometry(tmp_path: Path) -> None:
    header = meta_header(
        "LOCAL",
        NDims="4",
        DimSize="260 256 3 1",
        ElementSpacing="0.7 0.7 3 1",
        Offset="-90 -90 100 0",
        TransformMatrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1",
    )
    (tmp_path / "ct.mha").write_bytes(header + RAW)
    check_whole(tmp_path)
    first = read_file_headers(tmp_path / "ct.mha").headers[0]
    assert first.orientation == pytest.approx((1, 0, 0, 0, 1, 0))
    assert first.z_mm == pytest.approx(100)


@pytest.mark.parametrize("packed", [False, True])
def test_metaimage_header_size(tmp_path: Path, packed: bool) -> None:
    content = zlib.compress(RAW) if packed else RAW
    (tmp_path / "ct.raw").write_bytes(b"seven 7" + content)
    fields = {"HeaderSize": "7", "CompressedData": str(packed)}
    (tmp_path / "ct.mhd").write_bytes(meta_header("ct.raw", **fields))
    check_whole(tmp_path)


@pytest.mark.parametrize("local", [False, True])
def test_metaimage_voxels_are_the_last_bytes(tmp_path: Path, local: bool) -> None:
    header = meta_header("LOCAL" if local else "ct.raw", HeaderSize="-1")
    (tmp_path / "ct.mhd").write_bytes(header + (b"padding" + RAW if local else b""))
    if not local:
        (tmp_path / "ct.raw").write_bytes(b"whatever" + RAW)
    check_whole(tmp_path)


@pytest.mark.parametrize(
    ("fields", "content", "reason"),
    [
        ({}, RAW, None),
        ({"CompressedDataSize": "{size}"}, zlib.compress(RAW), None),
        ({"CompressedDataSize": "1000"}, zlib.compress(RAW), Reason.TRUNCATED),
        ({}, zlib.compress(RAW)[:-2], Reason.TRUNCATED),
        ({}, zlib.compress(RAW)[:-1] + b"\0", Reason.CORRUPT),
        ({}, gzip.compress(RAW), None),
    ],
)
def test_metaimage_packed(
    tmp_path: Path, fields: dict[str, str], content: bytes, reason: Reason | None
) -> None:
    fields = {key: value.format(size=len(content)) for key, value in fields.items()}
    packed = str(content is not RAW)
    header = meta_header("LOCAL", CompressedData=packed, **fields)
    (tmp_path / "ct.mha").write_bytes(header + content)
    if reason is None:
        check_whole(tmp_path)
    else:
        assert refusal(tmp_path / "ct.mha").reason is reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ElementNumberOfChannels": "3"}, Reason.COLOUR),
        ({"ElementType": "MET_OTHER"}, Reason.NOT_HU),
        ({"NDims": "4", "DimSize": "260 256 3 2"}, Reason.NOT_2D),
        ({"DimSize": "260 256 3 1"}, Reason.CORRUPT),
        ({"DimSize": "260 many 3"}, Reason.CORRUPT),
        ({"DimSize": "260 256 0"}, Reason.CORRUPT),
        ({"DimSize": "260 256 -3"}, Reason.CORRUPT),
        ({"DimSize": "2000 2000 99999999"}, Reason.TOO_LARGE),
        ({"HeaderSize": "-2"}, Reason.CORRUPT),
        ({"HeaderSize": "5"}, Reason.CORRUPT),
        ({"HeaderSize": "-1", "CompressedData": "True"}, Reason.CORRUPT),
        ({"BinaryData": "False"}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        ({"ElementSpacing": "0.7 0.9 3"}, Reason.NON_SQUARE_PIXELS),
        ({"ElementSpacing": "0 0 3"}, Reason.CORRUPT),
    ],
)
def test_metaimage_refusals(tmp_path: Path, fields: dict[str, str], reason: Reason) -> None:
    path = tmp_path / "a.mha"
    path.write_bytes(meta_header("LOCAL", **fields) + RAW)
    assert refusal(path).reason is reason


def test_header_without_its_data_file(tmp_path: Path) -> None:
    path = as_big_endian_mhd(tmp_path, stack())
    (tmp_path / "a.raw").unlink()
    assert refusal(path).reason is Reason.NO_PIXELS


def test_a_data_file_alone_names_its_header(tmp_path: Path) -> None:
    as_big_endian_mhd(tmp_path, stack())
    error = refusal(tmp_path / "a.raw")
    assert error.reason is Reason.UNKNOWN_FORMAT
    assert "'a.mhd'" in error.detail


@pytest.mark.parametrize(
    ("voxels", "fields", "reason"),
    [
        (stack().transpose(XYZ), {"encoding": "bzip2"}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (stack().transpose(XYZ), {"encoding": "ascii"}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        ((stack() + 1024).astype(np.uint16), {}, Reason.HU_CONVENTION_UNKNOWN),
        ((stack().transpose(XYZ) / 4000).astype(np.float32), {}, Reason.HU_CONVENTION_UNKNOWN),
        (stack(), {"kinds": ["vector", "domain", "domain"]}, Reason.COLOUR),
    ],
)
def test_nrrd_refusals(
    tmp_path: Path, voxels: Array, fields: dict[str, Any], reason: Reason
) -> None:
    path = tmp_path / "a.nrrd"
    given = nrrd_fields(**{"encoding": "raw", **fields})
    if voxels.shape[0] == 3 and "kinds" not in fields:
        voxels = voxels.transpose(XYZ)
    nrrd.write(str(path), voxels, given)
    assert refusal(path).reason is reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"dimension: 3", b"dimension: 2"), Reason.CORRUPT),
        ((b"type: short", b"type: block"), Reason.NOT_HU),
        ((b"endian: little", b"endian: middle"), Reason.CORRUPT),
        ((b"sizes: 260 256 3", b"sizes: 260 256"), Reason.CORRUPT),
        ((b"encoding: raw\n", b""), Reason.CORRUPT),
    ],
)
def test_nrrd_headers_that_contradict_themselves(
    tmp_path: Path, change: tuple[bytes, bytes], reason: Reason
) -> None:
    (tmp_path / "a.nrrd").write_bytes(nrrd_header().replace(*change) + b"\n" + RAW)
    assert refusal(tmp_path / "a.nrrd").reason is reason


def test_nrrd_with_spacings_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    nrrd.write(str(path), stack().transpose(XYZ), {"spacings": [0.7, 0.7, 3.0]})
    header = read_file_headers(path).headers[1]
    assert (header.spacing_mm, header.z_mm) == ((0.7, 0.7), 3.0)
    assert header.flags == ("orientation_unknown",)


def test_nrrd_in_the_wrong_order_is_found_out(tmp_path: Path) -> None:
    """As a script writes it that hands over [slices, rows, cols] as they are."""
    nrrd.write(str(tmp_path / "a.nrrd"), stack(), {"spacings": [3.0, 0.7, 0.7]})
    assert refusal(tmp_path / "a.nrrd").reason is Reason.NOT_AXIAL
