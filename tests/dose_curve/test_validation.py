"""The tool that compares predicted with real scores at a lower dose."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.score.made import write_series
from tools.dose_twins import from_folders
from tools.validate_dose import Compared, row, within_limits

from ctiqa.errors import UsageError


def compared(*errors: float) -> list[Compared]:
    return [Compared(0.25, 2.0, 2.0 + each, 2.0 - each, 1.0) for each in errors]


@pytest.mark.parametrize(
    ("errors", "within"),
    [
        ((0.1, -0.1), True),
        ((0.3, -0.3), False),  # mean absolute error
        ((0.15, 0.15), False),  # bias
        ((), False),
    ],
)
def test_limits_hold_for_bias_and_mean_error(errors: tuple[float, ...], within: bool) -> None:
    assert within_limits(compared(*errors)) is within


def test_a_row_says_bias_and_mean_error_of_both_predictions() -> None:
    text = row("real", compared(0.3, -0.1))
    assert text == "| real | 25 % | 2 | 2.00 | +0.10 | 0.20 | -0.10 | 0.20 |\n"
    assert row("real", []).startswith("| real | – | 0 |")


def test_real_twins_are_paired_in_order(tmp_path: Path) -> None:
    full, low = (write_series(tmp_path / name, 2) for name in ("full", "low"))
    names = [(each.full.header.z_mm, each.low.header.z_mm) for each in from_folders(full, low, 0.5)]
    assert names == [(0.0, 0.0), (5.0, 5.0)]
    short = write_series(tmp_path / "short", 1)
    with pytest.raises(UsageError, match=r"got \[2\] slices in .* and \[1\] in"):
        list(from_folders(full, short, 0.5))
