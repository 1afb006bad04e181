"""From the scanner to a real archive, to ctiqa, and back into the archive."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.clinic.whole.clinic import clinic, wait_for
from tests.clinic.whole.reading import numbers_in, scores_in
from tests.clinic.whole.scanner import EXAMPLE, new_series
from tools.clinic_demo.archive import orthanc, why_no_orthanc


def test_a_report_comes_back_with_the_numbers_of_the_command_line(tmp_path: Path) -> None:
    if reason := why_no_orthanc():
        pytest.skip(reason)
    if shutil.which("storescu") is None:
        pytest.skip("storescu is not installed: apt-get install dcmtk")
    images = new_series(len(list(EXAMPLE.glob("*.dcm"))))
    folder = tmp_path / "series"
    folder.mkdir()
    for image in images:
        # storescu offers no compressed encoding unless it is told which.
        image.decompress(generate_instance_uid=False)
        image.save_as(folder / f"{image.SOPInstanceUID}.dcm", enforce_file_format=True)
    study = str(images[0].StudyInstanceUID)
    with (
        orthanc(tmp_path) as archive,
        clinic(tmp_path, str(tmp_path / "ct.sqlite"), archive=archive.port) as it,
    ):
        archive.start(it.port)
        send = ["storescu", "-aet", "SCANNER", "-aec", "PACS", "+sd", "127.0.0.1"]
        subprocess.run([*send, str(archive.port), str(folder)], check=True, timeout=120)
        wait_for(lambda: found(archive.web, study), "the report in Orthanc", 240)
        [uid] = found(archive.web, study)
        report = dcmread(BytesIO(retrieved(archive.web, uid)))
    assert report.PatientID == images[0].PatientID
    assert report.StudyInstanceUID == study
    assert (report.PreliminaryFlag, report.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    offline = report_of(folder, tmp_path)
    assert len(numbers_in(report)) > 5
    assert numbers_in(report) == numbers_in(offline)
    # Equal results have equal UIDs, so that an archive keeps one.
    assert report.SOPInstanceUID == offline.SOPInstanceUID


def found(web: str | None, study: str) -> list[str]:
    """SOP Instance UIDs of the structured reports of a study, by QIDO-RS."""
    address = f"{web}/dicom-web/studies/{study}/instances"
    answer = requests.get(address, params={"Modality": "SR"}, timeout=30)
    rows: list[dict[str, Any]] = answer.json() if answer.status_code == 200 else []
    return [row["00080018"]["Value"][0] for row in rows]


def retrieved(web: str | None, uid: str) -> bytes:
    """The file of an instance."""
    [place] = requests.post(f"{web}/tools/lookup", data=uid, timeout=30).json()
    answer = requests.get(f"{web}/instances/{place['ID']}/file", timeout=30)
    answer.raise_for_status()
    return bytes(answer.content)


def report_of(folder: Path, out: Path) -> Dataset:
    """The report that ``ctiqa score`` writes."""
    results = out / "report.json"
    command = [sys.executable, "-m", "ctiqa", "score", str(folder), "--out", str(results)]
    subprocess.run(
        [*command, "--sr", str(out / "sr")], check=True, capture_output=True, timeout=240
    )
    [file] = (out / "sr").glob("*.dcm")
    report = dcmread(file)
    [scan] = json.loads(results.read_bytes())["scans"]
    assert scores_in(report) == [pytest.approx(scan["score"], abs=1e-9)]
    return report
