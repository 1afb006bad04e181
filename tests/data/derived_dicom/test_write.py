"""Derived DICOM files: valid, with the pixels of their slice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import dcmread
from tests.data.derived_dicom.made import MADE, degraded, read
from tests.io.make import AXIAL, write_ct

from ctiqa.data.derived_dicom.write import write_derived
from ctiqa.errors import CtiqaError, OutputError

SHARED = Path(__file__).parents[3].parent / "shared"

SERIES = sorted((SHARED / "dicom-series").glob("*/*.dcm"))[::12]

ZOO = sorted((SHARED / "dicom-zoo").glob("*.dcm"))

VALIDATOR = shutil.which("dciodvfy")

needs_validator = pytest.mark.skipif(
    VALIDATOR is None, reason="needs dciodvfy (Debian package dicom3tools)"
)


def errors_of(path: Path) -> list[str]:
    """What dciodvfy finds wrong with a file."""
    done = subprocess.run([str(VALIDATOR), str(path)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return [line for line in lines if line.startswith("Error")]


def test_the_copy_reads_back_as_what_was_written(tmp_path: Path) -> None:
    source, out = write_ct(tmp_path / "in.dcm", z_mm=-12.5), tmp_path / "out.dcm"
    before, hu = read(source)
    wanted = degraded(hu, source)
    write_derived(source, wanted, out, MADE)
    after, found = read(out)
    assert np.abs(found - wanted).max() <= 0.5
    assert (after.spacing_mm, after.z_mm) == (before.spacing_mm, before.z_mm)
    assert (after.orientation, after.acquisition) == (before.orientation, before.acquisition)
    assert after.flags == ("derived",)


def test_a_second_run_writes_the_same_bytes(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm")
    _, hu = read(source)
    first, second, other = (tmp_path / name for name in ("1.dcm", "2.dcm", "3.dcm"))
    write_derived(source, hu, first, MADE)
    write_derived(source, hu, second, MADE)
    write_derived(source, degraded(hu, source), other, MADE)
    assert first.read_bytes() == second.read_bytes()
    assert dcmread(first).SOPInstanceUID != dcmread(other).SOPInstanceUID
    assert dcmread(first).StudyInstanceUID == dcmread(other).StudyInstanceUID


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm")
    with pytest.raises(OutputError, match="must be writable"):
        write_derived(source, read(source)[1], tmp_path, MADE)


@pytest.mark.parametrize("part", [None, "CHEST", "KNEE"])
@needs_validator
def test_made_up_files_are_valid(tmp_path: Path, part: str | None) -> None:
    tags: dict[str, Any] = {"BodyPartExamined": part, "ImageOrientationPatient": AXIAL}
    source, out = write_ct(tmp_path / "in.dcm", **tags), tmp_path / "out.dcm"
    write_derived(source, read(source)[1], out, MADE)
    assert errors_of(out) == []


@pytest.mark.shared
@pytest.mark.skipif(not SERIES, reason="needs ../shared/dicom-series")
@needs_validator
def test_real_series_become_valid_files(tmp_path: Path) -> None:
    for source in SERIES:
        _check_real(source, tmp_path / "out.dcm")


@pytest.mark.shared
@pytest.mark.skipif(not ZOO, reason="needs ../shared/dicom-zoo")
@needs_validator
def test_every_slice_of_the_zoo_becomes_a_valid_file_or_is_refused(tmp_path: Path) -> None:
    refused = 0
    for source in ZOO:
        try:
            _check_real(source, tmp_path / "out.dcm")
        except CtiqaError:
            refused += 1
    # Localizers, other modalities, damaged files; and one CT that does not say where it lies.
    assert (len(ZOO), refused) == (64, 29)


def _check_real(source: Path, out: Path) -> None:
    before, hu = read(source)
    wanted = degraded(hu, source)
    write_derived(source, wanted, out, MADE)
    after, found = read(out)
    step = float(dcmread(source, force=True).RescaleSlope)
    padding: npt.NDArray[np.bool_] = (found == -1024) & (hu == -1024)
    assert np.abs(found - wanted)[~padding].max() <= step / 2 + 1e-3, source.name
    assert (after.spacing_mm, after.z_mm) == (before.spacing_mm, before.z_mm), source.name
    assert after.orientation == pytest.approx(before.orientation), source.name
    assert errors_of(out) == [], source.name
