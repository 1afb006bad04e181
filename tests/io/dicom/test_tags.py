"""Elements as they are found in the wild: what is text, what is a number, and what is neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from tests.io import make

from ctiqa.io import read_file_headers
from ctiqa.io.dicom.header import tag_of
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.silence import silent


def tags(keyword: str, vr: str, value: Any) -> Tags:
    ds = Dataset()
    ds[tag_of(keyword)] = DataElement(tag_of(keyword), vr, value)
    return Tags(ds)


def named() -> Dataset:
    item = Dataset()
    item.PatientName = make.PATIENT
    return item


@pytest.mark.parametrize("keyword", ["Manufacturer", "ConvolutionKernel", "BodyPartExamined"])
@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("SQ", Items([named()])),
        ("PN", make.PATIENT),
        ("OB", make.PATIENT.encode()),
        ("UT", make.PATIENT),
        ("LT", make.PATIENT),
        ("US", 7),
        ("FD", [1.0, 2.0]),
    ],
)
def test_only_short_texts_are_text(keyword: str, vr: str, value: Any) -> None:
    with silent():
        found = tags(keyword, vr, value)
        assert found.shown(keyword) is None


@pytest.mark.parametrize("text", [make.PATIENT, "DOE^JOHN^^^", "^"])
def test_what_looks_like_a_name_is_not_shown(text: str) -> None:
    assert tags("Manufacturer", "LO", text).shown("Manufacturer") is None
    assert tags("Manufacturer", "LO", "ACME").shown("Manufacturer") == "ACME"


def test_raw_elements_of_unknown_representation_are_not_shown(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", Manufacturer="ACME WORKS")
    content = path.read_bytes()
    short = b"\x08\x00\x70\x00LO\x0a\x00"
    assert content.count(short) == 1
    path.write_bytes(content.replace(short, b"\x08\x00\x70\x00UN\x00\x00\x0a\x00\x00\x00"))
    assert read_file_headers(path).headers[0].acquisition.manufacturer is None


@pytest.mark.parametrize("text", ["Zyxwvut", "1.2.3.A", "DOE^JOHN", "1 2"])
def test_what_is_no_identifier_still_tells_apart(text: str) -> None:
    with silent():
        found = tags("SeriesInstanceUID", "UI", text).uid("SeriesInstanceUID")
        other = tags("SeriesInstanceUID", "UI", f"{text}x").uid("SeriesInstanceUID")
    assert found is not None
    assert found.startswith("2.25.")
    assert found != other
    assert tags("SeriesInstanceUID", "UI", "1.2.3").uid("SeriesInstanceUID") == "1.2.3"


def test_text_is_cut_and_cleaned() -> None:
    with silent():
        found = tags("ConvolutionKernel", "LO", "B40f\x1b[31m" + "x" * 100).text(
            "ConvolutionKernel"
        )
    assert found is not None
    assert len(found) == 64
    assert found.startswith("B40f\ufffd[31m")
    assert found.isprintable()


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("1,00", (1.0,)),
        ("-1024,5 ", (-1024.5,)),
        (["0,7", "0,7"], (0.7, 0.7)),
        ("1.024,00", ()),
        ("1,2,3", ()),
        ("one", ()),
        (b"1,00", ()),
    ],
)
def test_decimal_commas(value: Any, numbers: tuple[float, ...]) -> None:
    ds = Dataset()
    element = DataElement(tag_of("RescaleSlope"), "LO", "")
    element._value = value
    ds[tag_of("RescaleSlope")] = element
    assert Tags(ds).numbers("RescaleSlope") == numbers


def test_an_element_that_is_there_and_cannot_be_read() -> None:
    found = tags("RescaleSlope", "LO", "one")
    assert found.number("RescaleSlope") is None
    assert found.holds("RescaleSlope")
    assert not found.holds("RescaleIntercept")
