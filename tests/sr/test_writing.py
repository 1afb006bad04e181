"""Files of objects: named by their UIDs, whole, and no series forgotten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydicom import dcmread
from tests.io.volumes import stack, write_nifti
from tests.sr.made import MODEL, scored, write_slice, write_study

from ctiqa.errors import OutputError
from ctiqa.io import ReadOptions, find_scans
from ctiqa.sr import write_objects
from ctiqa.types import Results, ScanScore


def results(*verdicts: ScanScore) -> Results:
    return Results(MODEL, verdicts, ())


def test_files_are_named_by_their_uids(tmp_path: Path) -> None:
    verdict, out = scored(write_study(tmp_path / "in")), tmp_path / "deep" / "out"
    written = write_objects(results(verdict), out, kinds=("sr", "pdf"))
    assert written.failures == ()
    assert sorted(written.files) == sorted(out.iterdir())
    read = [dcmread(file) for file in written.files]
    assert [each.Modality for each in read] == ["SR", "DOC"]
    for file, each in zip(written.files, read, strict=True):
        assert file.name == f"{each.SOPInstanceUID}.dcm"
        assert each.file_meta.MediaStorageSOPInstanceUID == each.SOPInstanceUID
        assert each.file_meta.MediaStorageSOPClassUID == each.SOPClassUID


def test_a_second_run_writes_the_same_files(tmp_path: Path) -> None:
    verdict, out = scored(write_study(tmp_path / "in")), tmp_path / "out"
    first = {file: file.read_bytes() for file in write_objects(results(verdict), out).files}
    second = {file: file.read_bytes() for file in write_objects(results(verdict), out).files}
    assert first == second
    assert len(list(out.iterdir())) == 1


def test_series_without_object_are_listed(tmp_path: Path) -> None:
    good = scored(write_study(tmp_path / "good"))
    volume = scored(write_nifti(tmp_path / "a.nii", stack().T))
    mixed_up = write_study(tmp_path / "mixed", series="M")
    write_slice(mixed_up / "9.dcm", 9, series="M", PatientID="OTHER")
    mixed = scored(mixed_up)
    written = write_objects(results(volume, mixed, good), tmp_path / "out", kinds=("sr", "pdf"))
    assert len(written.files) == 2
    assert [each.path for each in written.failures] == [volume.scan.path, mixed.scan.path]
    assert "not DICOM (nifti)" in written.failures[0].detail
    assert "wrong patient" in written.failures[1].detail


def test_a_full_disc_leaves_nothing_partial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    verdict = scored(write_study(tmp_path / "in"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_objects(results(verdict), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_objects_among_images_are_not_scored(tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    written = write_objects(results(scored(folder)), folder, kinds=("sr", "pdf"))
    found = find_scans([folder], ReadOptions())
    assert {each.file: each.reason.value for each in found.skipped} == dict.fromkeys(
        written.files, "not_ct"
    )
    (scan,) = found.scans
    assert len(scan.headers) == 3
