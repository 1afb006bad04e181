"""dciodvfy finds no error in any object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.io.make import JPEG_LS, phantom, write_enhanced
from tests.sr.made import MODEL, SHARED, errors_of, needs_validator, scored, write_study

import ctiqa
from ctiqa.sr import encapsulated_pdf, structured_report

Make = Callable[..., Dataset]

pytestmark = needs_validator

both = pytest.mark.parametrize("make", [structured_report, encapsulated_pdf])

NO_TRIAL: dict[str, Any] = {
    "ClinicalTrialSponsorName": "Sponsor",
    "ClinicalTrialProtocolID": "6688",
    "ClinicalTrialSubjectID": "",
}

EMPTY = ("PatientID", "PatientName", "StudyDate", "StudyID", "AccessionNumber", "SeriesNumber")


@both
@pytest.mark.parametrize(
    "tags",
    [
        {},
        dict.fromkeys(EMPTY),
        dict.fromkeys(EMPTY, ""),
        NO_TRIAL,
        NO_TRIAL | {"ClinicalTrialSubjectID": "S-1"},
        {"PatientIdentityRemoved": "YES"},
        {"PatientName": "OneComponent"},
        {"PatientName": "Müller^Jürgen"},
        {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "Yamada^Tarou=山田^太郎"},
        {
            "SpecificCharacterSet": ["", "ISO 2022 IR 87"],
            "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        },
        {"CTDIvol": 12.5},
        {"syntax": JPEG_LS},
    ],
)
def test_objects_of_made_up_series_are_valid(
    make: Make, tmp_path: Path, tags: dict[str, Any]
) -> None:
    verdict = scored(write_study(tmp_path / "in", **tags))
    assert errors_of(make(verdict, MODEL), tmp_path) == []


@both
def test_objects_without_score_are_valid(make: Make, tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path / "in"), [None, None, None])
    assert errors_of(make(verdict, MODEL), tmp_path) == []


@both
def test_objects_of_frames_are_valid(make: Make, tmp_path: Path) -> None:
    frames = [phantom(seed=k) for k in range(3)]
    file = write_enhanced(tmp_path / "in" / "a.dcm", frames, slopes=[1, 1, 1], z_mm=[0, 7, 14])
    enhanced = dcmread(file)
    enhanced.StudyInstanceUID = "1.2.3"
    enhanced.save_as(file)
    assert errors_of(make(scored(tmp_path / "in"), MODEL), tmp_path) == []


@both
def test_objects_of_the_example_are_valid(make: Make, tmp_path: Path) -> None:
    example = Path(ctiqa.__file__).parent / "assets" / "example"
    assert errors_of(make(scored(example), MODEL), tmp_path) == []


@pytest.mark.shared
@both
def test_objects_of_real_series_are_valid(make: Make, tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/dicom-series")
    folders = sorted(SHARED.iterdir())
    assert len(folders) >= 2
    for folder in folders:
        assert errors_of(make(scored(folder), MODEL), tmp_path) == [], folder.name
