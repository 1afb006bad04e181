"""The notebook of the documentation runs, and says what the page about it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.site.links import page_of
from tools.site.notebooks import names

from ctiqa.benchmarking.verdict import WORDS

ROOT = Path(__file__).parents[2]

NOTEBOOK = "docs/notebooks/denoisers.ipynb"


def test_notebooks_are_stored_without_outputs_and_shown_on_the_site() -> None:
    assert names() == [NOTEBOOK]
    cells = json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert page_of(NOTEBOOK) in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_the_notebook_runs() -> None:
    for library in ("nbclient", "ipykernel", "numba"):
        pytest.importorskip(library)
    done = subprocess.run(
        [sys.executable, "-m", "tools.site.notebooks", NOTEBOOK],
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdicts = [
        line.partition(": ")[2].partition(":")[0]
        for line in done.stdout.splitlines()
        if line.startswith(("Gaussian: ", "median: ", "total variation: "))
    ]
    assert len(verdicts) == 3
    assert set(verdicts) <= set(WORDS.values())
    assert "benchmark.json index.html slices.csv" in done.stdout
