"""Kappa of grades against published and independent numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.inter_rater import cohens_kappa

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.coefficients import lin_concordance
from ctiqa.metrics.agreement.kappa import confusion, graded, weighted_kappa

STEADY = settings(max_examples=50)

Grades = npt.NDArray[np.intp]

GRADES: st.SearchStrategy[Grades] = arrays(np.intp, 15, elements=st.integers(0, 4))


def test_grades_half_way_are_the_better_ones() -> None:
    assert graded([-1, 0, 0.5, 1.499, 1.5, 2.5, 3.5, 4, 7]).tolist() == [0, 0, 1, 1, 2, 3, 4, 4, 4]


def test_of_two_grades_it_is_that_of_cohen() -> None:
    """Table 20 5 | 10 15: observed 0.7, by chance 0.5·0.6 + 0.5·0.4 = 0.5, so 0.4."""
    first = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    second = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert confusion(first, second, grades=2).tolist() == [[20, 5], [10, 15]]
    assert weighted_kappa(first, second, grades=2) == pytest.approx(0.4)


@STEADY
@given(GRADES, GRADES)
def test_kappa_of_statsmodels(first: Grades, second: Grades) -> None:
    """There "fc" (Fleiss and Cohen) are the quadratic weights."""
    assume(np.ptp(first) > 0 or np.ptp(second) > 0)
    table = confusion(first, second)
    theirs = cohens_kappa(table, wt="fc", return_results=False)
    assert weighted_kappa(first, second) == pytest.approx(theirs, abs=1e-12)


@STEADY
@given(GRADES, GRADES)
def test_kappa_is_the_concordance_of_the_grades(first: Grades, second: Grades) -> None:
    lin = lin_concordance(first.astype(np.float64), second.astype(np.float64))
    assert weighted_kappa(first, second) == pytest.approx(lin, abs=1e-12)


def test_a_far_miss_costs_more_than_a_near_one() -> None:
    truth = np.array([0, 1, 2, 3, 4, 4])
    near, far = np.array([0, 1, 2, 3, 4, 3]), np.array([0, 1, 2, 3, 4, 0])
    assert 1 > weighted_kappa(near, truth) > weighted_kappa(far, truth) > 0


@pytest.mark.parametrize("grade", range(5))
def test_one_and_the_same_grade_is_chance(grade: int) -> None:
    same = np.full(4, grade)
    assert weighted_kappa(same, same) == 0
    assert weighted_kappa(same, np.array([0, 1, 2, 4])) == 0


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([0, 1], [0], r"of one length, n ≥ 1, got \(2,\), \(1,\)"),
        ([], [], "n ≥ 1"),
        ([[0]], [[0]], r"must be \[n\]"),
        ([0, 5], [0, 1], "must lie in 0–4, got 0–5"),
        ([0, 1], [-1, 1], "must lie in 0–4, got -1–1"),
    ],
)
def test_what_are_no_grades_is_refused(first: list[int], second: list[int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        weighted_kappa(np.array(first, dtype=np.intp), np.array(second, dtype=np.intp))
