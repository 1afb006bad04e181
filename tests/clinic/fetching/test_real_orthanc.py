"""A real Orthanc with DICOMweb, in a network of its own on this computer."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from tests.archive_sources.test_orthanc import ALONE, why_not
from tests.clinic.dose.reports import STUDY, acquisition, report, write
from tests.clinic.fetching.archives import TEXT_SR, images, reports

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "dicom-series"
WAYS = ("orthanc", "dicomweb")


def run(folder: Path) -> dict[str, Any]:
    if reason := why_not():
        pytest.skip(reason)
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.clinic.fetching.orthanc_inside", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "s3cret" not in done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def today(data: bytes, **facts: str) -> bytes:
    """A file with today as the day of its study."""
    dataset = dcmread(BytesIO(data))
    dataset.StudyDate = f"{date.today():%Y%m%d}"
    for name, text in facts.items():
        setattr(dataset, name, text)
    changed = BytesIO()
    dataset.save_as(changed)
    return changed.getvalue()


def digests(folder: Path, *parts: str) -> list[str]:
    files = [file for part in parts for file in (folder / part).iterdir()]
    return sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


def check(result: dict[str, Any], when: str, files: list[str]) -> None:
    for way in WAYS:
        assert result[when][way]["is_well"], result[when][way]["sentence"]
        assert result[when][way]["files"] == files, (when, way)


def test_what_was_missed_comes_once(tmp_path: Path) -> None:
    for part in ("first", "later", "made", "wrong"):
        (tmp_path / part).mkdir()
    first = images(tmp_path / "made", "1.2.826.0.1.1")
    later = images(tmp_path / "made", "1.2.826.0.1.2", 2)
    for part, series in (("first", first), ("later", later)):
        for index, data in enumerate(series.files):
            (tmp_path / part / f"{index}.dcm").write_bytes(today(data, StudyInstanceUID=STUDY))
    dose = report(acquisition("1.2.826.0.1.5"))
    dose.StudyDate = f"{date.today():%Y%m%d}"
    write(dose, tmp_path / "first" / "dose.dcm")
    answer = reports("1.2.826.0.1.6", sop_class=TEXT_SR).files[0]
    other = {"SOPInstanceUID": "1.2.826.0.1.6.7", "StudyInstanceUID": f"{STUDY}.2"}
    sent = tmp_path / "first" / "other.dcm"
    sent.write_bytes(today(answer, **other))
    result = run(tmp_path)
    sent.unlink()
    check(result, "first", digests(tmp_path, "first"))
    check(result, "second", [])
    check(result, "later", digests(tmp_path, "later"))
    check(result, "anew", [])
    assert "set up anew" in result["anew"]["orthanc"]["sentence"]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/dicom-series")
def test_the_example_series_come_once(tmp_path: Path) -> None:
    for part in ("first", "later"):
        (tmp_path / part).mkdir()
    for folder in sorted(SHARED.iterdir()):
        for file in sorted(folder.glob("*.dcm")):
            data = today(file.read_bytes())
            (tmp_path / "first" / f"{folder.name}.{file.name}").write_bytes(data)
    result = run(tmp_path)
    found = digests(tmp_path, "first")
    assert len(found) > 50
    check(result, "first", found)
    check(result, "second", [])
