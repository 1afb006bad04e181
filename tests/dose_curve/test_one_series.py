"""Medians over slices, and what to keep in mind."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.dose_curve.made import series_curve, slice_curve

from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.result import LeftOut

LEVELS = (8.0, 10.0, 14.0)


def test_the_reserve_is_that_of_the_median_slice() -> None:
    slices = [slice_curve(k, noise_hu=e, quantum_hu=0.9 * e) for k, e in enumerate(LEVELS)]
    found = series_curve(slices)
    assert found.reserve.dose == pytest.approx(slices[1].reserve.dose, rel=1e-6)
    assert found.quick_reserve.dose == slices[1].quick_reserve.dose
    low, high = found.reserve.interval
    assert low < found.reserve.dose < high
    assert found.scores[0] == slices[1].means[0]
    assert (found.band[0] <= found.scores + 1e-9).all()
    assert (found.scores <= found.band[1] + 1e-9).all()
    assert found.agreeing(0.03) == 3
    assert 0 < found.spread < 0.3


def test_slices_that_need_more_dose_count_as_infinite() -> None:
    slices = [slice_curve(k, noise_hu=40.0, quantum_hu=36.0) for k in range(3)]
    found = series_curve(slices)
    assert found.reserve.dose == math.inf
    assert 1 < found.quick_reserve.dose < math.inf


def test_warnings_name_what_limits_a_curve() -> None:
    plan = Plan(electronic=0.1)
    scores = slice_curve(plan=plan).scores.copy()
    scores[-1] = np.nan
    odd = slice_curve(
        quantum_hu=2.0, plan=plan, findings=("sharp kernel",), cut_share=0.3, scores=scores
    )
    lost = [LeftOut(Path("a"), 0, "region", "not scored (limb)")] * 2
    text = "\n".join(series_curve([odd], plan, lost).warnings)
    for words in (
        "2 of 3 slices looked at were not used: 2 × not scored (limb)",
        "a single slice",
        "sharp kernel",
        "cuts off up to 30 %",
        "below 3 HU",
        "no electronic noise",
        "does not score some slices",
    ):
        assert words in text
    plain = series_curve([slice_curve(k) for k in range(3)])
    assert plain.warnings == ()


def test_doses_too_far_apart_for_the_reserve_are_named() -> None:
    coarse, fine = Plan(doses=(0.5, 0.01)), Plan(doses=(0.5, 0.25, 0.125, 0.0625, 0.03125))
    (warning,) = series_curve([slice_curve(k, plan=coarse) for k in range(3)], coarse).warnings
    assert "between 50 % and 1 %, which are far apart" in warning
    assert series_curve([slice_curve(k, plan=fine) for k in range(3)], fine).warnings == ()
    high = Plan(doses=(0.9, 0.5))
    assert series_curve([slice_curve(k, plan=high) for k in range(3)], high).warnings == ()
