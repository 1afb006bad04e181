"""Agreement of readers, against published, hand-worked and simulated numbers."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.kappa import graded, weighted_kappa
from ctiqa.metrics.agreement.readers import inter_reader_agreement, intraclass_correlation

STEADY = settings(max_examples=30)

Floats = npt.NDArray[np.float64]

SHROUT_FLEISS = np.array(
    [[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]], dtype=float
)
"""Four judges of six targets: Shrout and Fleiss, Psychol Bull 86:420–428, 1979, table 2."""

SCORES: st.SearchStrategy[Floats] = arrays(
    np.float64, (4, 9), elements=st.integers(0, 20).map(lambda grade: grade / 5)
)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _simulated(readers: int, n: int, spread: float, noise: float) -> Floats:
    """A truth of given spread, and the independent noise of every reader."""
    rng = _rng()
    return rng.normal(2, spread, n) + rng.normal(0, noise, (readers, n))


# -- each against the others


def test_each_reader_against_the_mean_of_the_others() -> None:
    scores = _simulated(3, 20, 1, 0.5)
    found = inter_reader_agreement(scores, np.arange(20), _rng(), resamples=50)
    a, b, c = scores
    by_hand = [agreement(a, (b + c) / 2), agreement(b, (a + c) / 2), agreement(c, (a + b) / 2)]
    for one, expected in zip(found.each, by_hand, strict=True):
        assert one.metrics() == pytest.approx(expected.metrics(), abs=1e-8)
    for name, estimate in found.mean.items():
        mean = np.mean([one.metrics()[name] for one in by_hand])
        assert estimate.value == pytest.approx(mean, abs=1e-8)
    kappas = [weighted_kappa(graded(x), graded(y)) for x, y in ((a, b), (a, c), (b, c))]
    assert found.pairwise_kappa == pytest.approx(np.mean(kappas))


def test_two_readers_are_measured_by_each_other() -> None:
    scores = _simulated(2, 15, 1, 0.5)
    one, other = inter_reader_agreement(scores, np.arange(15), _rng(), resamples=20).each
    assert one.overall == pytest.approx(other.overall)
    assert one.bias == pytest.approx(-other.bias)


def test_agreement_follows_from_the_noise() -> None:
    """PLCC of a reader and the mean of k − 1: τ² / √((τ² + σ²)(τ² + σ²/(k − 1)))."""
    tau, sigma, k = 1.0, 0.6, 5
    found = inter_reader_agreement(
        _simulated(k, 1500, tau, sigma), np.arange(1500), _rng(), resamples=200
    )
    expected = tau**2 / math.sqrt((tau**2 + sigma**2) * (tau**2 + sigma**2 / (k - 1)))
    plcc = found.mean["plcc"]
    assert plcc.value == pytest.approx(expected, abs=0.015)
    assert plcc.low < expected < plcc.high
    assert plcc.high - plcc.low < 0.04


@STEADY
@given(SCORES, st.permutations(range(4)))
def test_the_order_of_readers_does_not_matter(scores: Floats, order: list[int]) -> None:
    """Equal means stay tied regardless of the order of summation."""
    plain = inter_reader_agreement(scores, np.arange(9), _rng(), resamples=20)
    turned = inter_reader_agreement(scores[order], np.arange(9), _rng(), resamples=20)
    for place, reader in enumerate(order):
        assert turned.each[place].metrics() == pytest.approx(plain.each[reader].metrics(), abs=1e-8)
    for name, estimate in plain.mean.items():
        assert astuple(turned.mean[name]) == pytest.approx(astuple(estimate), abs=1e-8)


@STEADY
@given(SCORES)
def test_equal_means_are_tied(scores: Floats) -> None:
    """In whole fifths nothing is rounded: the order must be the same."""
    found = inter_reader_agreement(scores, np.arange(9), _rng(), resamples=5)
    fifths = np.rint(scores * 5)
    for k, one in enumerate(found.each):
        exact = agreement(fifths[k], np.delete(fifths, k, axis=0).sum(axis=0))
        assert (one.srocc, one.krocc) == pytest.approx((exact.srocc, exact.krocc), abs=1e-9)


def test_patients_widen_the_interval() -> None:
    """Errors correlated within a patient widen the interval."""
    rng = _rng()
    owner = np.repeat(np.arange(15), 10)
    scores = rng.uniform(0, 4, 150) + rng.normal(0, 0.7, (3, 15))[:, owner]
    by_patient = inter_reader_agreement(scores, owner, _rng(), resamples=300).mean["mae"]
    by_slice = inter_reader_agreement(scores, np.arange(150), _rng(), resamples=300).mean["mae"]
    assert by_patient.high - by_patient.low > 1.5 * (by_slice.high - by_slice.low)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([[1.0, 2.0, 3.0]], r"of at least 2 readers, got \(1, 3\)"),
        ([1.0, 2.0], r"must be \[readers, n\]"),
        ([[1.0, math.nan], [math.nan, 2.0]], "2 scores are missing or not finite; keep the"),
    ],
)
def test_what_readers_did_not_read_is_refused(scores: list[list[float]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        inter_reader_agreement(scores, np.arange(3), _rng())
    with pytest.raises(UsageError, match=message):
        intraclass_correlation(scores)


# -- intraclass correlation


def test_the_table_of_shrout_and_fleiss() -> None:
    """Their table 4: .17, .29, .71, and of the mean of four .44, .62, .91."""
    found = intraclass_correlation(SHROUT_FLEISS)
    assert [round(value, 2) for value in astuple(found)] == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


def test_from_their_mean_squares() -> None:
    """BMS 56.21/5, WMS 112.75/18, JMS 97.46/3, EMS 15.29/15: their table 3."""
    bms, wms, jms, ems = 56.21 / 5, 112.75 / 18, 97.46 / 3, 15.29 / 15
    expected = (
        (bms - wms) / (bms + 3 * wms),
        (bms - ems) / (bms + 3 * ems + 4 * (jms - ems) / 6),
        (bms - ems) / (bms + 3 * ems),
        (bms - wms) / bms,
        (bms - ems) / (bms + (jms - ems) / 6),
        (bms - ems) / bms,
    )
    assert astuple(intraclass_correlation(SHROUT_FLEISS)) == pytest.approx(expected, abs=1e-3)


@STEADY
@given(SCORES)
def test_of_the_mean_it_is_cronbachs_alpha(scores: Floats) -> None:
    """k/(k − 1) · (1 − Σ var / var of the sum): Cronbach, Psychometrika 16:297–334, 1951."""
    total = scores.sum(axis=0).var(ddof=1)
    assume(total > 1e-9)
    alpha = 4 / 3 * (1 - scores.var(axis=1, ddof=1).sum() / total)
    assert intraclass_correlation(scores).consistent_mean == pytest.approx(
        alpha, rel=1e-6, abs=1e-9
    )


def test_components_of_variance_are_recovered() -> None:
    """Examples 1, readers 0.5, noise 0.25 in variance: 1/1.75 absolute, 1/1.25 consistent."""
    rng = _rng()
    scores = (
        rng.normal(0, 1, 2000) + rng.normal(0, 0.5**0.5, (200, 1)) + rng.normal(0, 0.5, (200, 2000))
    )
    found = intraclass_correlation(scores)
    assert found.absolute == pytest.approx(1 / 1.75, abs=0.04)
    assert found.consistent == pytest.approx(1 / 1.25, abs=0.02)


@STEADY
@given(SCORES, st.floats(-3, 3))
def test_a_strict_reader_changes_absolute_agreement_alone(scores: Floats, shift: float) -> None:
    shifted = scores.copy()
    shifted[0] += shift
    one, other = intraclass_correlation(scores), intraclass_correlation(shifted)
    assert other.consistent == pytest.approx(one.consistent, abs=1e-6)


@pytest.mark.parametrize(
    "scores",
    [
        np.full((3, 5), 0.1),
        np.array([[0.1], [0.7], [1.3]]) + np.zeros(5),
        np.array([[0.1, 0.2, 0.3], [0.2, 0.3, 0.1], [0.3, 0.1, 0.2]]),
    ],
)
def test_examples_that_do_not_differ_have_no_share(scores: Floats) -> None:
    """Constant scores, reader-only variance or equal means: finite and never above 0."""
    found = astuple(intraclass_correlation(scores))
    assert all(math.isfinite(value) for value in found)
    assert max(found) <= 1e-12


def test_equal_scores_agree_completely() -> None:
    assert astuple(intraclass_correlation([[0, 1, 4], [0, 1, 4]])) == pytest.approx((1,) * 6)


def test_one_example_has_no_correlation() -> None:
    with pytest.raises(UsageError, match="at least 2 examples, got 1"):
        intraclass_correlation([[1.0], [2.0]])
