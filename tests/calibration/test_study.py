"""The study behind the table of docs/how-to/calibrate.md."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tools.calibration_study import MAPS, SIZES, row, study

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "calibrate.md"


@pytest.mark.parametrize("name", list(MAPS))
def test_a_study_of_each_kind(name: str) -> None:
    found = study(np.random.default_rng(0), MAPS[name], 30)
    assert found.after < max(found.before, 0.01)
    assert found.kept == (found.before == 0)
    assert 0.8 < found.covered < 1


def test_the_table_has_a_row_of_each_kind() -> None:
    one = study(np.random.default_rng(0), MAPS["are stricter by 0.8"], 20)
    text = PAGE.read_text(encoding="utf-8")
    shape = re.escape(row("X", [one])).replace("X", "(.+)")
    lines = re.findall(f"^\\| {re.sub(r'[0-9]+', '[0-9]+', shape)} \\|$", text, re.MULTILINE)
    assert lines == [f"{name} | {count}" for name in MAPS for count in SIZES]
