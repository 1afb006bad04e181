"""The counts behind the tables of docs/flags.md."""

from __future__ import annotations

import numpy as np
import pytest
from tests.score.honesty.images import EXAMPLE_PIXEL, example, photograph, scanned, water
from tools.gate.count import Tally, table, wilson
from tools.gate.images import Case
from tools.gate.judge import outcome
from tools.validate_gate import false_alarms


def test_interval_of_a_share() -> None:
    """Wilson 1927, as in R: prop.test(8, 20, correct = FALSE)."""
    assert wilson(8, 20) == pytest.approx((0.2188, 0.6134), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(20, 20)
    assert low == pytest.approx(0.839, abs=1e-3)
    assert high == pytest.approx(1)


def test_tally_and_table() -> None:
    tally = Tally()
    tally.add("air")
    tally.add("refused", None)
    assert tally.cells(("refused", "air", "scored")) == ["2", "1", "1", "0"]
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_outcomes() -> None:
    assert outcome(example()[5], EXAMPLE_PIXEL) == "scored"
    assert outcome(example()[5] + 1024, EXAMPLE_PIXEL) == "refused"
    assert outcome(scanned(water(), 8, 1.0), None) == "outside_training"
    assert outcome(1400 * photograph() - 1000, None) in {"refused", "not_hu"}
    assert outcome(np.full((256, 256), -1000.0), None) == "air"


def test_false_alarms_are_counted_by_group() -> None:
    cases = [
        Case(hu, EXAMPLE_PIXEL, "chest", "maker", "test patients")
        for hu in (example()[5], scanned(water(), 8, 1.0))
    ]
    text = false_alarms(cases)
    row = next(line for line in text.splitlines() if "| test patients |" in line)
    assert row.startswith("| test patients | 2 | 0 | 0 | 1 | 0 | 50.0 %")
