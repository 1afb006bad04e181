"""Station, protocol, description and day are read; the patient's name in them is not."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataelem import DataElement
from pydicom.tag import Tag
from tests.io import make

from ctiqa.io import read_file_headers
from ctiqa.io.dicom.header import parse
from ctiqa.io.dicom.identity import IDENTITY
from ctiqa.io.silence import silent
from ctiqa.types import SeriesFacts

TEXTS = {"StationName": "station", "ProtocolName": "protocol", "SeriesDescription": "description"}
"""Where each text of a header ends up."""

PATIENT: dict[str, Any] = {
    "PatientName": "Zeppelin^Li^Ådne",
    "PatientID": "LUNG-42",
    "PatientBirthDate": "20240229",
    "AccessionNumber": "QX7",
    "OtherPatientIDs": "AB-8151-9",
}


def facts(path: Path, **elements: Any) -> SeriesFacts:
    make.write_ct(path, SpecificCharacterSet="ISO_IR 192", **(PATIENT | elements))
    with silent():
        return read_file_headers(path).headers[0].series


def test_everything_is_read(tmp_path: Path) -> None:
    found = facts(
        tmp_path / "a.dcm",
        StationName="AWP65478",
        ProtocolName="Thorax_nativ",
        SeriesDescription="Thorax 1.0 Br40",
        StudyDate="20240301",
    )
    assert found == SeriesFacts("AWP65478", "Thorax_nativ", "Thorax 1.0 Br40", date(2024, 3, 1))


def test_nothing_is_invented(tmp_path: Path) -> None:
    assert facts(tmp_path / "a.dcm", StudyDate="") == SeriesFacts()


@pytest.mark.parametrize("keyword", TEXTS)
@pytest.mark.parametrize(
    "text",
    ["zeppelin", "CTZEPPELIN", "Thorax-Li", "ÅDNE", "LUNG-42", "qx7", "CT8151", "Zeppelin^Li"],
)
def test_a_text_that_repeats_the_identity_is_left_out(
    tmp_path: Path, keyword: str, text: str
) -> None:
    assert getattr(facts(tmp_path / "a.dcm", **{keyword: text}), TEXTS[keyword]) is None


@pytest.mark.parametrize("keyword", TEXTS)
@pytest.mark.parametrize("text", ["Lung", "Liver", "Zepp", "QX70"])
def test_a_similar_text_is_kept(tmp_path: Path, keyword: str, text: str) -> None:
    assert getattr(facts(tmp_path / "a.dcm", **{keyword: text}), TEXTS[keyword]) == text


def test_a_name_that_is_a_number_counts_as_a_whole(tmp_path: Path) -> None:
    named = {"PatientName": "LUNG-42", "SeriesDescription": "Lung"}
    assert facts(tmp_path / "a.dcm", **named).description == "Lung"


def test_the_name_is_recognised_in_other_characters(tmp_path: Path) -> None:
    named: dict[str, Any] = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "MÜLLER^X"}
    make.write_ct(tmp_path / "a.dcm", SeriesDescription="Müller", **named)
    with silent():
        assert read_file_headers(tmp_path / "a.dcm").headers[0].series.description is None


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("20240301", date(2024, 3, 1)),
        ("2024.03.01", date(2024, 3, 1)),
        ("20240229", None),
        ("19550203", None),
        ("20241301", None),
        ("2024", None),
    ],
)
def test_days(tmp_path: Path, day: str, expected: date | None) -> None:
    """A birth date, and a day before there was CT, is no day of a study."""
    with silent():
        assert facts(tmp_path / "a.dcm", StudyDate=day).study_day == expected


def test_the_day_of_the_acquisition_stands_in(tmp_path: Path) -> None:
    assert facts(tmp_path / "a.dcm", AcquisitionDate="20240301").study_day == date(2024, 3, 1)


def test_no_data_set_holds_the_identity(tmp_path: Path) -> None:
    path = make.write_ct(tmp_path / "a.dcm", **PATIENT)
    with silent():
        dataset = parse(path).dataset
    assert not [tag for tag in IDENTITY if tag in dataset]
    for value in PATIENT.values():
        assert value not in str(dataset)


@pytest.mark.parametrize("tag", [*map(Tag, TEXTS), *IDENTITY])
@pytest.mark.parametrize("content", [b"x" * (2 << 20), b"\xff" * 300, "sequence"])
def test_an_odd_element_costs_itself_and_not_the_image(
    tmp_path: Path, tag: int, content: bytes | str
) -> None:
    path = make.write_ct(tmp_path / "a.dcm", StudyDate="20240301")
    data = pydicom.dcmread(path)
    if isinstance(content, bytes):
        data[tag] = DataElement(tag, "OB", content)
    else:
        data[tag] = DataElement(tag, "SQ", pydicom.Sequence([pydicom.Dataset()]))
    data.save_as(path)
    with silent():
        found = read_file_headers(path).headers[0].series
    assert found == SeriesFacts(study_day=date(2024, 3, 1))
