"""Equal content has equal UIDs and bytes; other content has other UIDs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID
from tests.sr.made import MODEL, scored, write_study

import ctiqa.sr.sealing
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.sr import encapsulated_pdf, structured_report

Make = Callable[..., Dataset]

both = pytest.mark.parametrize("make", [structured_report, encapsulated_pdf])


@both
def test_made_twice_it_has_the_same_bytes(make: Make, tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    first, second = (file_bytes(make(scored(folder), MODEL)) for _ in range(2))
    assert first == second


@both
def test_order_names_and_place_of_the_files_do_not_matter(make: Make, tmp_path: Path) -> None:
    folder, other = write_study(tmp_path / "a"), tmp_path / "b"
    other.mkdir()
    for index, file in enumerate(sorted(folder.iterdir(), reverse=True)):
        shutil.copy(file, other / f"x{index}.dcm")
    assert file_bytes(make(scored(folder), MODEL)) == file_bytes(make(scored(other), MODEL))


@both
@pytest.mark.parametrize(
    "changes",
    [
        {"scores": [3.0, 2.9, 2.7]},
        {"model": {"version": "1.1"}},
        {"model": {"sha256": "cd" * 32}},
        {"model": {"calibration": {"name": "c", "sha256": "e", "readers": 1, "cases": 9}}},
        {"count": 4},
        {"tags": {"PatientName": "Corrected^Name"}},
    ],
)
def test_other_content_has_another_uid(make: Make, tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = write_study(tmp_path / "a")
    other = write_study(tmp_path / "b", changes.get("count", 3), **changes.get("tags", {}))
    first = make(scored(folder), MODEL)
    second = make(scored(other, changes.get("scores")), MODEL | changes.get("model", {}))
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert UID(first.SOPInstanceUID).is_valid
    same_model = "model" not in changes
    assert (first.SeriesInstanceUID == second.SeriesInstanceUID) == same_model


@both
def test_another_version_of_ctiqa_has_another_uid(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = scored(write_study(tmp_path))
    first = make(verdict, MODEL)
    monkeypatch.setattr(ctiqa.sr.sealing, "__version__", "99.0")
    second = make(verdict, MODEL)
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID


@both
def test_the_time_is_no_part_of_the_uid(make: Make, tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path))
    first, second = (make(verdict, MODEL, created=datetime(2026, 1, day, 8, 30)) for day in (1, 2))
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert (second.ContentDate, second.ContentTime) == ("20260102", "083000")


@both
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, ("20240506", "101112")),
        ({"StudyTime": ""}, ("20240506", "000000")),
        ({"StudyDate": ""}, ("20261121", "000000")),
        ({"StudyDate": "yesterday"}, ("20261121", "000000")),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_its_date_is_that_of_the_study(
    make: Make, tmp_path: Path, tags: dict[str, Any], expected: tuple[str, str]
) -> None:
    report = make(scored(write_study(tmp_path, **tags)), MODEL)
    assert (report.ContentDate, report.ContentTime) == expected


def test_without_any_date_it_is_that_of_today(tmp_path: Path) -> None:
    report = structured_report(scored(write_study(tmp_path, StudyDate="")), {"name": "bare"})
    assert str(report.ContentDate) >= "20200101"


def test_report_and_pdf_are_two_series(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path))
    first, second = structured_report(verdict, MODEL), encapsulated_pdf(verdict, MODEL)
    images = verdict.scan.series_uid
    assert len({first.SeriesInstanceUID, second.SeriesInstanceUID, images}) == 3
    assert (first.Modality, second.Modality) == ("SR", "DOC")
    assert first.StudyInstanceUID == second.StudyInstanceUID
