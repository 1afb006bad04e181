"""A real archive sends: Debian's Orthanc, in a network of its own on this computer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.archive_sources.test_orthanc import ALONE, why_not
from tests.clinic.receiving.tools.objects import EXAMPLE
from tests.clinic.receiving.tools.senders import files_in

ROOT = Path(__file__).parents[3]


def test_orthanc_sends(tmp_path: Path) -> None:
    if reason := why_not():
        pytest.skip(reason)
    module = "tests.clinic.receiving.tools.orthanc_sends"
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", module, str(tmp_path), str(EXAMPLE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    n_files = len(files_in(EXAMPLE))
    assert found["same"]
    assert found["files"] == n_files
    assert found["facts"]["instances"] == 2 * n_files
    assert "broken_associations" not in found["facts"]
