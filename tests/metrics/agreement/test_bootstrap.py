"""Resampled patients: intervals, probabilities, many comparisons."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.bootstrap import (
    bootstrap_interval,
    draw_patients,
    holm,
    percentile_interval,
    two_sided_p,
)

STEADY = settings(max_examples=15)

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(UsageError, match="'level' must lie between 0 and 1"):
        percentile_interval(np.arange(5.0), level)


# -- draws


def test_draws_are_those_of_the_slow_way() -> None:
    """The same generator gives the same patients, so that both ways give the same interval."""
    owner = np.array(["b", "a", "c", "a", "b", "b"])
    seen: list[list[int]] = []

    def note(drawn: Indices) -> float:
        seen.append(np.bincount(drawn, minlength=6).tolist())
        return 0.0

    bootstrap_interval(note, owner, np.random.default_rng(3), resamples=30)
    draws = draw_patients(owner, np.random.default_rng(3), 30)
    assert draws.weights.tolist() == seen
    assert draws.owner.tolist() == [1, 0, 2, 0, 1, 1]


def test_every_patient_is_drawn_as_often_as_another() -> None:
    draws = draw_patients(np.arange(5), np.random.default_rng(0), 4000)
    assert set(draws.times.sum(axis=1).tolist()) == {5.0}
    assert draws.times.mean(axis=0) == pytest.approx(np.ones(5), abs=0.06)
    # Binomial(5, 1/5)
    assert draws.times.var(axis=0) == pytest.approx(np.full(5, 0.8), abs=0.06)


@pytest.mark.parametrize(
    ("clusters", "resamples", "message"),
    [
        (np.zeros(4), 10, "needs at least 2 patients, got 1"),
        (np.zeros(0), 10, "needs at least 2 patients, got 0"),
        (np.arange(4), 0, "'resamples' must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(clusters: Floats, resamples: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        draw_patients(clusters, np.random.default_rng(0), resamples)


# -- probabilities


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0] * 99, 2 / 100),
        ([-1.0] * 99, 2 / 100),
        ([-1.0] * 4 + [1.0] * 95, 2 * 5 / 100),
        ([0.0] * 99, 1.0),
        ([0.0] * 4 + [1.0] * 95, 2 * 5 / 100),  # no difference speaks for neither
    ],
)
def test_tails_by_hand(differences: list[float], p: float) -> None:
    assert two_sided_p(np.array(differences)) == pytest.approx(p)


def test_holm_by_hand() -> None:
    """Sorted 0.01 0.02 0.03 0.04 times 4 3 2 1 is 0.04 0.06 0.06 0.04, never falling."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))
    assert holm([]) == ()


@STEADY
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_of_statsmodels(p: list[float]) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@pytest.mark.parametrize("p", [[0.5, -0.1], [1.1], [math.nan]])
def test_what_is_no_probability_is_refused(p: list[float]) -> None:
    with pytest.raises(UsageError, match="probabilities must lie in 0–1"):
        holm(p)
