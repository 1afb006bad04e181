"""Names, numbers and dates of patients are in no output, wherever they are in an archive."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.archive.made import write_slices
from tests.cli.conftest import Run, run

__all__ = ["run"]

PLANTED: dict[str, Any] = {
    "PatientName": "Zaphodova^Trillian",
    "PatientID": "PID-4711-0815",
    "PatientBirthDate": "19620213",
    "AccessionNumber": "ACC9987766",
    "ReferringPhysicianName": "Vogonsky^Jeltz",
    "InstitutionName": "Megadodo Clinic",
    "SeriesDescription": "Thorax Zaphodova",
    "ProtocolName": "PID-4711-0815",
    "StationName": "CT1",
    "OtherPatientIDs": "OTHER-3344",
}
FORBIDDEN = (
    *("zaphodova", "trillian", "4711-0815", "19620213", "1962-02-13", "9987766"),
    *("vogonsky", "jeltz", "megadodo", "other-3344"),
)
"""Long enough to be in no hash by chance."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The patient is in headers, and in names of folders and files."""
    root = tmp_path / "archive"
    place = root / "Zaphodova_Trillian_19620213"
    write_slices(place, 4, **PLANTED)
    write_slices(place, 5, 1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], **PLANTED)
    (place / "Zaphodova.pdf").write_bytes(b"%PDF-1.7 PID-4711-0815")
    (place / "broken 4711-0815.dcm").write_bytes(next(place.glob("4-*")).read_bytes()[:3000])
    (place / "Zaphodova.zip").write_bytes(b"PK\3\4 damaged")
    return root


def hits(text: str | bytes) -> list[str]:
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    return [word for word in FORBIDDEN if word in plain.lower()]


@pytest.mark.parametrize("privacy", [(), ("--uids", "hashed", "--dates", "month")], ids=str)
def test_no_identity_leaves_the_archive(
    run: Run, root: Path, tmp_path: Path, model: Path, privacy: tuple[str, ...]
) -> None:
    store, out = tmp_path / "ct.sqlite", tmp_path / "out.json"
    words = ["survey", root, "--store", store, "--model", model, "--jobs", "1", *privacy]
    first = run(*words, "--out", out)
    summary = out.read_bytes()
    again = run(*words[: -len(privacy) or None], "--out", out)
    assert (first.status, again.status) == (3, 0)
    assert [hits(text) for text in (first.out, first.err, again.out, again.err)] == [[]] * 4
    assert [hits(text) for text in (summary, out.read_bytes())] == [[]] * 2
    assert sum(json.loads(summary)["skipped"].values()) == 4
    # Everything that was ever written, also into the log of the database.
    with closing(sqlite3.connect(store)) as connection:
        dump = "\n".join(connection.iterdump())
    assert hits(dump) == []
    for file in tmp_path.glob("ct.sqlite*"):
        assert hits(file.read_bytes()) == []


def test_the_list_of_skipped_files_has_their_paths_and_says_so(
    run: Run, root: Path, tmp_path: Path, model: Path
) -> None:
    table = tmp_path / "skipped.csv"
    words = ["survey", root, "--store", tmp_path / "ct.sqlite", "--model", model, "--jobs", "1"]
    run(*words, "--skipped", table)
    assert "Zaphodova.pdf" in table.read_text(encoding="utf-8")
    said = run("survey", "run", "--help")
    assert "may contain names of patients" in " ".join(said.out.split())
