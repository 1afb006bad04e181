"""The dose at which a curve meets a target, and its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiqa.dose_curve.crossing import (
    crossing,
    falling,
    interval_of,
    mean_of_draws,
    resampled,
    typical,
)

DOSES = (1.0, 0.5, 0.25, 0.1)
scores = st.lists(st.floats(0, 4), min_size=4, max_size=4)


def at(curve: list[float], target: float) -> float:
    return float(crossing(DOSES, np.array(curve), target))


def test_the_dose_is_interpolated_on_a_logarithmic_axis() -> None:
    assert at([4.0, 3.5, 2.5, 1.0], 3.0) == pytest.approx(math.sqrt(0.5 * 0.25))
    assert at([4.0, 3.0, 2.0, 1.0], 3.0) == pytest.approx(0.5)


def test_beyond_the_curve_the_side_is_known() -> None:
    assert at([4.0, 4.0, 3.9, 3.2], 3.0) == 0.0
    assert at([2.0, 1.5, 1.0, 0.5], 3.0) == math.inf


def test_a_missing_score_counts_as_that_of_the_next_higher_dose() -> None:
    assert at([4.0, math.nan, 2.0, 1.0], 3.0) == at([4.0, 4.0, 2.0, 1.0], 3.0)
    assert at([4.0, 3.5, 3.2, math.nan], 3.0) == 0.0


@given(scores)
def test_falling_curves_fall_and_stay_between_the_scores(curve: list[float]) -> None:
    made = falling(np.array(curve))
    assert (np.diff(made) <= 1e-12).all()
    assert min(curve) <= made.min()
    assert made.max() <= max(curve)


@given(scores, st.floats(0.1, 3.9), st.floats(0.1, 3.9))
def test_a_higher_target_needs_no_less_dose(curve: list[float], one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert at(curve, low) <= at(curve, high) * (1 + 1e-9)


def test_intervals_of_infinite_doses_have_infinite_ends() -> None:
    assert interval_of(np.array([0.1] * 50 + [math.inf] * 50)) == (0.1, math.inf)
    low, high = interval_of(np.arange(1.0, 101.0))
    assert (low, high) == (5.0, 96.0)


def test_the_typical_slice_is_the_median_of_means() -> None:
    made = np.array([[[4.0, 2.0]], [[1.0, 1.0]], [[2.0, math.nan]]])
    assert typical(made).tolist() == [2.0]
    assert mean_of_draws(made).tolist() == [[3.0], [1.0], [2.0]]
    assert np.isnan(typical(np.full((2, 1, 2), math.nan))).all()


def test_resampling_shows_the_spread_of_slices_and_of_draws() -> None:
    between = np.array([[[1.0, 1.0]], [[2.0, 2.0]], [[3.0, 3.0]]])
    within = np.array([[[1.0, 2.0, 3.0]]])
    for each in (between, within):
        made = resampled(each, np.random.default_rng(0), 200)
        assert made.shape == (200, 1)
        assert made.std() > 0.2
        assert made.min() >= 1
        assert made.max() <= 3
    alike = resampled(np.full((3, 2, 2), 2.0), np.random.default_rng(0), 20)
    assert (alike == 2.0).all()
