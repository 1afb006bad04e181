"""A real DICOMweb server: Debian's Orthanc, in a network of its own on this computer."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.archive_sources.orthanc_inside import PLUGIN
from tests.score.made import phantom, write_dicom

INSIDE = Path(__file__).with_name("orthanc_inside.py")
ALONE = ("unshare", "--map-root-user", "--net")


def why_not() -> str | None:
    """What is missing here, if anything is."""
    if not (shutil.which("Orthanc") and PLUGIN.exists()):
        return "Orthanc is not installed: apt-get install orthanc orthanc-dicomweb"
    if not shutil.which("unshare"):
        return "unshare is not installed, and Orthanc listens on every address"
    done = subprocess.run([*ALONE, "true"], capture_output=True, check=False, timeout=60)
    return "no network of its own is allowed here for Orthanc" if done.returncode else None


def test_series_are_found_fetched_and_seen_to_grow(tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    days = {"1.2.826.0.1": "20260106", "1.2.826.0.2": "20260105"}
    files: dict[str, list[str]] = {}
    for series, day in days.items():
        for index in range(3):
            late = series.endswith(".2") and index == 2
            name = "late.dicom" if late else f"{series}.{index}.dcm"
            file = write_dicom(
                tmp_path / name,
                phantom(),
                index,
                SeriesInstanceUID=series,
                StudyInstanceUID=f"{series}.9",
                StudyDate=day,
            )
            files.setdefault(series, []).append(hashlib.sha256(file.read_bytes()).hexdigest())
    done = subprocess.run(
        [*ALONE, sys.executable, str(INSIDE), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert result["series"] == ["1.2.826.0.2", "1.2.826.0.1"]
    assert result["first day"] == ["1.2.826.0.2"]
    assert result["changed"] == [True, False]
    assert result["contents"] == [
        {"series": series, "slices": 3, "files": sorted(files[series])}
        for series in result["series"]
    ]
    assert "s3cret" not in done.stdout + done.stderr
