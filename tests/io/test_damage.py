"""Damaged and random input is refused, never a traceback."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.io import make, volumes

from ctiqa.errors import RefusedError
from ctiqa.io import ReadOptions, read_file_headers, read_slice
from ctiqa.io.access.files import MAGIC
from ctiqa.io.dicom.decoding.codestream import declared_matrix
from ctiqa.io.dicom.tags import Tags

OPTIONS = ReadOptions(tiff_hu=True, allow_reformats=True)
STARTS = [
    b"",
    bytes(128) + b"DICM",
    bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\x10\x00\x00\x00",
    b"\x08\x00\x05\x00CS",
    b"\x93NUMPY\x01\x00",
    b"PK\x03\x04",
    b"II*\x00\x08\x00\x00\x00",
    b"NRRD0004\n",
    b"ObjectType = Image\n",
    b"\x1f\x8b\x08\x00",
    (348).to_bytes(4, "little") + bytes(340) + b"n+1\x00",
]


def outcome(path: Path) -> str:
    """How reading ends; anything but a refusal fails the test."""
    try:
        for header in read_file_headers(path, OPTIONS).headers[:2]:
            hu = read_slice(header, OPTIONS).hu
            assert np.isfinite(hu).all()
            assert hu.min() >= -1024
    except RefusedError as error:
        return "leak" if make.PATIENT[:6] in error.detail else error.reason.value
    return "read"


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=600))
@settings(max_examples=150)
def test_random_bytes(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "random.dcm"
    path.write_bytes(start + rest)
    assert outcome(path) not in ("read", "leak")


@pytest.mark.parametrize(
    "syntax", [make.IMPLICIT, make.EXPLICIT, make.DEFLATED, make.BIG_ENDIAN, *make.COMPRESSED]
)
def test_damaged_dicom(tmp_path: Path, syntax: str) -> None:
    content = make.write_ct(tmp_path / "a.dcm", syntax=syntax).read_bytes()
    ends = set()
    for copy in make.damaged(content, np.random.default_rng(zlib.crc32(syntax.encode())), 40):
        path = tmp_path / "damaged.dcm"
        path.write_bytes(copy)
        ends.add(outcome(path))
    assert ends & {"truncated", "corrupt"}
    assert "leak" not in ends


@pytest.mark.parametrize("write", volumes.FORMATS)
def test_damaged_volumes(tmp_path: Path, write: object) -> None:
    assert callable(write)
    path = write(tmp_path, volumes.stack())
    content = path.read_bytes()
    ends = set()
    for copy in make.damaged(content, np.random.default_rng(1), 25):
        path.write_bytes(copy)
        ends.add(outcome(path))
    assert ends & {"truncated", "corrupt"}


@pytest.mark.parametrize("cut", range(0, 1200, 60))
def test_dicom_cut_anywhere_in_its_header(tmp_path: Path, cut: int) -> None:
    path = make.write_ct(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:cut])
    expected = {"truncated", "not_ct", "no_pixels", "corrupt", "unknown_format", "empty_file"}
    assert outcome(path) in expected


@given(code=st.binary(max_size=60))
def test_declared_matrix_of_anything(code: bytes) -> None:
    for start in (b"", b"\xff\xd8", b"\xff\x4f\xff\x51"):
        matrix = declared_matrix(start + code)
        assert matrix is None or len(matrix) == 2


def test_unreadable_elements_count_as_absent() -> None:
    ds = make.dataset(make.phantom(8, 8))
    ds.add_new("KVP", "DS", "120")
    ds["KVP"]._value = "not a number"
    tags = Tags(ds)
    assert tags.number("KVP") is None
    assert tags.integer("Rows") == 8
    assert tags.text("BodyPartExamined") is None
    assert tags.words("ImageType") == ("ORIGINAL", "PRIMARY", "AXIAL")


def test_no_two_formats_claim_one_file() -> None:
    heads = [start.ljust(400, b"x") for start in STARTS[1:9]]
    for head in heads:
        assert len({name for name, pattern in MAGIC if pattern.match(head)}) == 1
