"""Hostile input costs its own file, ten seconds and 512 MB at the most, and never the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.corpus.case import Case
from tests.corpus.kinds import HOSTILE, Apart, readers_apart

ROWS = [
    pytest.param(case, id=f"{kind}: {case.name}")
    for kind, cases in HOSTILE.items()
    for case in cases
]


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with readers_apart() as readers:
        yield readers


@pytest.mark.parametrize("case", ROWS)
def test_row(case: Case, tmp_path: Path, apart: Apart) -> None:
    assert apart.wrong(case, tmp_path) is None
