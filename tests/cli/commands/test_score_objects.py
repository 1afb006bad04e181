"""``ctiqa score --sr`` and ``--pdf``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from tests.cli.conftest import Run
from tests.io.make import write_ct
from tests.io.volumes import stack, write_nifti
from tests.sr.made import STUDY, numbers_of, write_slice, write_study

from ctiqa.system import extras


def kinds_in(folder: Path) -> list[str]:
    return sorted(dcmread(file).Modality for file in folder.glob("*.dcm"))


def test_objects_go_where_they_are_asked_for(run: Run, model: Path, tmp_path: Path) -> None:
    scan, sr, pdf = write_study(tmp_path / "scan"), tmp_path / "a" / "sr", tmp_path / "pdf"
    done = run("score", scan, "--model", model, "--sr", sr, "--pdf", pdf)
    assert (done.status, done.err) == (0, "")
    assert f"DICOM objects: 2 in {sr}, {pdf}\n" in done.out
    assert (kinds_in(sr), kinds_in(pdf)) == (["SR"], ["DOC"])


def test_one_command_fills_one_folder(run: Run, model: Path, tmp_path: Path) -> None:
    scan, out = write_study(tmp_path / "in"), tmp_path / "out"
    words = ("score", scan, "--model", model, "--out", out / "report.json", "--sr", out)
    assert run(*words).status == 0
    first = {file: file.read_bytes() for file in out.iterdir()}
    assert {file.suffix for file in first} == {".json", ".dcm"}
    assert run(*words).status == 0
    assert {file: file.read_bytes() for file in out.iterdir()} == first


def test_its_numbers_are_those_of_the_json_report(run: Run, model: Path, tmp_path: Path) -> None:
    scan, out = write_study(tmp_path / "in"), tmp_path / "out"
    run("score", scan, "--model", model, "--out", out / "report.json", "--sr", out)
    (facts,) = json.loads((out / "report.json").read_bytes())["scans"]
    (file,) = out.glob("*.dcm")
    found = {name: value for _, name, _, value in numbers_of(dcmread(file))}
    assert found["score"] == facts["score"]
    assert [found["score-low"], found["score-high"]] == facts["interval"]
    assert found["judged"] == facts["n_judged"] == 3


def test_objects_in_the_input_are_not_scored(run: Run, model: Path, tmp_path: Path) -> None:
    scan = write_study(tmp_path / "scan")
    first = run("score", scan, "--model", model, "--sr", scan, "--pdf", scan)
    assert first.status == 0
    written = [file for file in scan.iterdir() if len(file.stem) > 10]
    assert len(written) == 2
    second = run("score", scan, "--model", model, "--sr", scan, "--pdf", scan)
    assert second.status == 3
    assert "Skipped 2: not CT (not_ct)" in second.out
    assert "3 of 3 slices" in second.out
    assert [file for file in scan.iterdir() if len(file.stem) > 10] == written


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_a_series_without_object_is_listed(
    run: Run, model: Path, tmp_path: Path, quiet: tuple[str, ...]
) -> None:
    volume = write_nifti(tmp_path / "a.nii", stack().T)
    scan, out = write_study(tmp_path / "scan"), tmp_path / "out"
    done = run("score", volume, scan, "--model", model, "--sr", out, "--pdf", out, *quiet)
    assert done.status == 3
    assert done.err.count(f"no DICOM object of {volume}: the images are not DICOM (nifti)") == 1
    assert kinds_in(out) == ["DOC", "SR"]


def test_a_mixed_series_has_no_object(run: Run, model: Path, tmp_path: Path) -> None:
    scan, out = write_study(tmp_path / "scan"), tmp_path / "out"
    write_slice(scan / "9.dcm", 9, PatientID="PLANTED-008")
    done = run("score", scan, "--model", model, "--sr", out)
    assert done.status == 3
    assert "differ in PatientID" in done.err
    assert list(out.iterdir()) == []
    assert "planted" not in (done.out + done.err).lower()


def test_no_patient_in_names_and_messages(run: Run, model: Path, tmp_path: Path) -> None:
    scan, out = write_study(tmp_path / "scan"), tmp_path / "out"
    write_slice(scan / "x.dcm", 7, StudyInstanceUID=None, series="B")
    done = run("score", scan, "--model", model, "--sr", out, "--pdf", out)
    assert done.status == 3
    assert "the file names no study" in done.err
    shown = "".join([done.out, done.err, *map(str, out.iterdir())]).lower()
    assert "planted" not in shown
    assert "zachary" not in shown


@pytest.mark.parametrize("option", ["--sr", "--pdf"])
def test_a_missing_extra_is_said_first(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "highdicom")
    scan, out = write_study(tmp_path / "scan"), tmp_path / "out"
    done = run("score", scan, "--model", model, option, out)
    assert (done.status, done.out) == (2, "")
    assert f"'{option}' needs highdicom" in done.err
    assert "pip install 'ctiqa[clinic]'" in done.err
    assert not out.exists()


def test_a_folder_that_cannot_be(run: Run, model: Path, tmp_path: Path) -> None:
    scan, file = write_study(tmp_path / "scan"), tmp_path / "file"
    file.write_text("mine")
    for place, status in ((file, 2), (file / "sr", 4), ("", 2)):
        done = run("score", scan, "--model", model, "--sr", place)
        assert (done.status, done.out) == (status, "")
        assert done.err.startswith("error: ")
    assert file.read_text() == "mine"


def test_a_full_disc_costs_the_objects_and_no_score(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    scan, out = write_study(tmp_path / "scan"), tmp_path / "out"
    done = run("score", scan, "--model", model, "--sr", out)
    assert done.status == 4
    assert "No space left on device" in done.err
    assert "3 of 3 slices" in done.out
    assert list(out.iterdir()) == []


def test_a_scan_without_score_has_its_object(run: Run, model: Path, tmp_path: Path) -> None:
    air = np.where(np.eye(256) > 0, -990, -1000).astype(np.int16)
    write_ct(tmp_path / "scan" / "a.dcm", air, **STUDY)
    done = run("score", tmp_path / "scan", "--model", model, "--sr", tmp_path / "out")
    assert done.status == 4
    (file,) = (tmp_path / "out").iterdir()
    assert "score" not in [name for _, name, _, _ in numbers_of(dcmread(file))]
