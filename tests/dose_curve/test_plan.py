"""What may be simulated."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ctiqa.dose_curve.plan import Plan, parse_doses
from ctiqa.errors import UsageError


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"doses": (0.5, 0.0)}, r"'doses' must be in 0\.001…1.*got 0"),
        ({"doses": (0.5, 1e-300)}, r"'doses' must be in 0\.001…1.*got 1e-300"),
        ({"doses": (0.5, 1.5)}, r"'doses' must be in 0\.001…1.*got 1.5"),
        ({"doses": (math.nan,)}, r"'doses' must be in 0\.001…1.*got nan"),
        ({"doses": (1.0,)}, "'doses' must hold a fraction below 1"),
        ({"target": 4.0}, "'target' must be between 0 and 4, got 4"),
        ({"target": float("nan")}, "'target' must be between 0 and 4"),
        ({"draws": 0}, "'draws' must be >= 1, got 0"),
        ({"samples": 0}, "'samples' must be >= 1, got 0"),
        ({"electronic": 1.0}, r"'electronic' must be in \[0, 1\)"),
        ({"seed": -1}, "'seed' must be >= 0, got -1"),
    ],
)
def test_values_out_of_range_are_refused(facts: dict[str, Any], rule: str) -> None:
    with pytest.raises(UsageError, match=rule):
        Plan(**facts)


@pytest.mark.parametrize("text", ["", "half", "0.5;0.2", "0.5,", "nan", "inf"])
def test_a_list_of_doses_must_hold_numbers(text: str) -> None:
    with pytest.raises(UsageError, match="'doses' must be fractions separated by commas"):
        parse_doses(text)
