"""The quick estimate and its interval."""

from __future__ import annotations

import math

import pytest

from ctiqa.cards import NoiseRule
from ctiqa.dose_curve.quick import quick_reserve, quick_scores
from ctiqa.dose_curve.result import Reserve
from ctiqa.physics.reserve import dose_reserve, score_at_dose

RULE = NoiseRule(0.9, quantile=2.0, floor=0.13)


def test_the_dose_is_the_dose_reserve() -> None:
    assert quick_reserve(12.0, 9.0, 3.0, None).dose == dose_reserve(12.0, 9.0, 3.0)
    assert quick_scores(12.0, 9.0, (1.0, 0.1)).tolist() == [
        score_at_dose(12.0, 9.0, dose) for dose in (1.0, 0.1)
    ]


@pytest.mark.parametrize(("noise", "quantum"), [(12.0, 6.0), (12.0, 12.0), (30.0, 27.0)])
def test_the_interval_holds_the_dose_and_grows_with_the_error_of_the_model(
    noise: float, quantum: float
) -> None:
    alone, wider = (quick_reserve(noise, quantum, 3.0, rule) for rule in (None, RULE))
    assert wider.interval[0] < alone.interval[0] < alone.dose
    assert alone.dose < alone.interval[1] < wider.interval[1]


def test_where_no_dose_is_enough_the_low_end_may_still_be_known() -> None:
    found = quick_reserve(30.0, 13.0, 3.0, RULE)
    assert found.dose == math.inf
    assert 0 < found.interval[0] < math.inf
    assert found.interval[1] == math.inf


def test_doses_that_were_not_simulated_are_not_told_apart() -> None:
    below, quick = Reserve(0.0, (0.0, 0.0)), Reserve(0.01, (0.008, 0.013))
    assert below.agrees_with(quick, 0.03)
    assert not below.agrees_with(quick, 0.005)
    above = Reserve(math.inf, (math.inf, math.inf))
    assert above.agrees_with(Reserve(2.5, (2.0, 3.0)), 0.03)
    assert not above.agrees_with(Reserve(0.5, (0.4, 0.6)), 0.03)
