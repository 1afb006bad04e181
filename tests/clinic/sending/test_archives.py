"""Results in real archives: Debian's Orthanc and dcmtk, in a network of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.archive_sources.test_orthanc import ALONE, why_not
from tests.sr.made import MODEL, scored, write_study

from ctiqa.sr import write_objects
from ctiqa.types import Results

ROOT = Path(__file__).parents[3]


def test_results_arrive_in_real_archives(tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    if shutil.which("storescp") is None:
        pytest.skip("storescp is not installed: apt-get install dcmtk")
    verdict = scored(write_study(tmp_path / "in"))
    results = Results(MODEL, (verdict,), ())
    uids = [
        each.stem for each in write_objects(results, tmp_path / "out", kinds=("sr", "pdf")).files
    ]
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.clinic.sending.archives_inside", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert answer["counts"] == {"waiting": 0, "sent": 6, "failed": 0}, answer["errors"]
    # Sent by C-STORE and by STOW-RS, each is there once.
    assert {each["uid"]: each["instances"] for each in answer["found"]} == {
        uid: [uid] for uid in uids
    }
    assert len(answer["received"]) == 2
    assert "Planted" not in done.stderr
