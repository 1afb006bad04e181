"""Objects in a real archive: Debian's Orthanc, in a network of its own on this computer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.archive_sources.test_orthanc import ALONE, why_not
from tests.sr.made import MODEL, numbers_of, scored, write_study

from ctiqa.sr import structured_report, write_objects
from ctiqa.types import Results

ROOT = Path(__file__).parents[2]


def test_objects_are_stored_found_and_read_back(tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    verdict = scored(write_study(tmp_path / "in"))
    out = tmp_path / "out"
    files = write_objects(Results(MODEL, (verdict,), ()), out, kinds=("sr", "pdf")).files
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.sr.orthanc_round_trip", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = {each["modality"]: each for each in json.loads(done.stdout)}
    names = {file.stem for file in files}
    for each in found.values():
        assert each["series"] == 1
        assert each["same"]
        # Sent twice, it is there once.
        assert len(each["instances"]) == 1
    assert {found[kind]["instances"][0] for kind in ("SR", "DOC")} == names
    expected = numbers_of(structured_report(verdict, MODEL))
    assert [tuple(each) for each in found["SR"]["numbers"]] == expected
    assert len(expected) > 10
