"""Hostile input costs its own file, ten seconds and 512 MB at the most, and never the process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.corpus import checksums, hostile_bombs, hostile_codes, hostile_headers
from tests.corpus.case import Case, Right

ROOT = Path(__file__).parents[2]
MAX_SECONDS = 10
MAX_PEAK_MB = 512

CASES = (*hostile_codes.CASES, *hostile_headers.CASES, *hostile_bombs.CASES, *checksums.CASES)

Reader = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def read_apart() -> Iterator[Reader]:
    """Reads a folder in a process of its own."""
    command = [sys.executable, "-m", "tests.corpus.bounded"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        stdin, stdout = server.stdin, server.stdout

        def ask(folder: Path) -> dict[str, Any]:
            stdin.write(f"{folder}\n")
            stdin.flush()
            return dict(json.loads(stdout.readline()))

        yield ask
        stdin.close()


def complaint(answer: dict[str, Any], right: Right) -> str | None:
    """What is not right about an answer; ``None`` where all is."""
    reasons = {reason for reason, _ in answer["skipped"]}
    if answer["slices"]:
        if right.untold:
            return None
        if right.hu is None:
            return f"{answer['slices']} slice(s) read, must be refused"
        wanted = [float(hu.sum(dtype="f8")) for hu in right.hu()]
        return None if answer["sums"] == pytest.approx(wanted) else "other HU were read"
    if reasons and reasons <= right.reasons:
        return None
    return f"refused as {answer['skipped'][:3]}, right is {sorted(right.reasons)}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_row(case: Case, tmp_path: Path, read_apart: Reader) -> None:
    case.build(tmp_path)
    answer = read_apart(tmp_path)
    assert "died" not in answer, f"the process ended with wait status {answer['died']}"
    assert "raised" not in answer, answer["raised"]
    complaints = [complaint(answer, right) for right in case.answers]
    assert None in complaints, complaints[0]
    assert answer["leak"] is None
    assert answer["seconds"] < MAX_SECONDS
    assert answer["peak_mb"] < MAX_PEAK_MB
