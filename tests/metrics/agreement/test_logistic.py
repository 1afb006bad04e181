"""Four-parameter logistic: recovers true parameters and is never worse than alternatives."""

from __future__ import annotations

import math
import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import curve_fit, differential_evolution

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.logistic import Logistic, fit_logistic

STEADY = settings(max_examples=25)

Floats = npt.NDArray[np.float64]

SCORES: st.SearchStrategy[Floats] = arrays(
    np.float64, 15, elements=st.integers(0, 20).map(lambda grade: grade / 5)
)


def _squares(curve: Logistic, predicted: Floats, label: Floats) -> float:
    return float(np.sum((curve(predicted) - label) ** 2))


def _textbook(s: Floats, b1: float, b2: float, b3: float, b4: float) -> Floats:
    """Equation of VQEG's phase I report."""
    return np.asarray((b1 - b2) / (1 + np.exp(-(s - b3) / abs(b4))) + b2)


def test_the_curve_of_the_textbook() -> None:
    s = np.linspace(-3, 7, 50)
    ours = Logistic(low=0.5, high=3.5, middle=2.2, width=0.7)(s)
    assert ours == pytest.approx(_textbook(s, 3.5, 0.5, 2.2, 0.7), abs=1e-12)


@pytest.mark.parametrize(
    "made",
    [
        Logistic(0.0, 4.0, 2.0, 0.5),
        Logistic(3.8, 0.3, 1.0, 0.4),
        Logistic(-1.0, 9.0, 3.0, 1.5),
        Logistic(1.0, 2.0, 0.3, 0.05),
    ],
)
def test_what_made_the_labels_is_recovered(made: Logistic) -> None:
    s = np.linspace(0, 4, 80)
    found = fit_logistic(s, made(s))
    assert (found.low, found.high, found.middle, found.width) == pytest.approx(
        (made.low, made.high, made.middle, made.width), rel=1e-4, abs=1e-6
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_worse_than_scipy_from_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = rng.uniform(0, 4, 120)
    truth = (4.0, 0.0, rng.uniform(1, 3), rng.uniform(0.2, 1))
    label = _textbook(s, *truth) + rng.normal(0, 0.3, 120)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, _ = curve_fit(_textbook, s, label, p0=truth, maxfev=20_000)
    best = float(np.sum((_textbook(s, *theirs) - label) ** 2))
    assert _squares(fit_logistic(s, label), s, label) == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_curve_is_found_where_there_are_many(seed: int) -> None:
    """Unrelated scores have many local optima; a search of the whole space finds none better."""
    rng = np.random.default_rng(seed)
    s, label = rng.integers(0, 21, (2, 15)) / 5

    def squares(shape: Floats) -> float:
        rise = 1 / (1 + np.exp(-(s - shape[0]) / np.exp(shape[1])))
        design = np.column_stack([np.ones_like(s), rise])
        ends = np.linalg.lstsq(design, label)[0]
        return float(np.sum((design @ ends - label) ** 2))

    span = np.ptp(s)
    bounds = [(s.min(), s.max()), tuple(np.log([0.01 * span, 10 * span]))]
    best = differential_evolution(squares, bounds, rng=0, popsize=20, tol=1e-8).fun
    assert _squares(fit_logistic(s, label), s, label) <= best * 1.01


@STEADY
@given(SCORES, SCORES)
def test_no_worse_than_a_line_or_a_constant(predicted: Floats, label: Floats) -> None:
    assume(np.ptp(predicted) > 0 and np.ptp(label) > 0)
    found = _squares(fit_logistic(predicted, label), predicted, label)
    line = np.polynomial.Polynomial.fit(predicted, label, 1)(predicted)
    # The widest curve is a line but for a thousandth of the range.
    assert found <= np.sum((line - label) ** 2) + len(label) * (1e-3 * np.ptp(label)) ** 2
    assert found <= np.sum((label - label.mean()) ** 2) + 1e-12


@STEADY
@given(SCORES, SCORES, st.sampled_from([0.01, 3.0, 1000.0]), st.floats(-50, 50))
def test_the_scale_of_predictions_does_not_matter(
    predicted: Floats, label: Floats, gain: float, shift: float
) -> None:
    assume(np.ptp(predicted) > 0)
    there = fit_logistic(predicted, label)
    other = fit_logistic(gain * predicted + shift, label)
    one = _squares(there, predicted, label)
    assert _squares(other, gain * predicted + shift, label) == pytest.approx(
        one, rel=1e-5, abs=1e-6
    )


@STEADY
@given(SCORES, SCORES)
def test_order_is_kept_or_reversed(predicted: Floats, label: Floats) -> None:
    curve = fit_logistic(predicted, label)
    steps = np.diff(curve(np.linspace(-10, 14, 200))) * np.sign(curve.high - curve.low)
    assert steps.min() >= -1e-9


def test_a_bent_relation_is_straightened_on_other_examples() -> None:
    """Fitted on validation: PLCC and error of the test improve, its order stays as it was."""
    rng = np.random.default_rng(0)
    label = rng.uniform(0, 4, 600)
    predicted = np.log(label + 0.05) + rng.normal(0, 0.05, 600)
    curve = fit_logistic(predicted[:300], label[:300])
    raw = agreement(predicted[300:], label[300:])
    mapped = agreement(curve(predicted[300:]), label[300:])
    assert mapped.plcc > raw.plcc + 0.03
    assert mapped.mae < 0.3 * raw.mae
    assert mapped.srocc == pytest.approx(raw.srocc, abs=1e-6)


def test_predictions_that_run_backwards_are_turned() -> None:
    label = np.linspace(0, 4, 50)
    curve = fit_logistic(-label, label)
    assert curve.high < curve.low
    assert agreement(curve(-label), label).plcc == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("predicted", "label", "mean"),
    [
        ([2.0] * 5, [0.0, 1.0, 2.0, 3.0, 4.0], 2.0),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [1.5] * 5, 1.5),
        ([0.1] * 7, [0.1] * 7, 0.1),
        ([0.0, 5e-324, 0.0, 5e-324], [0.0, 1.0, 2.0, 3.0], 1.5),
    ],
)
def test_constants_have_a_flat_curve(
    predicted: list[float], label: list[float], mean: float
) -> None:
    """No NaN, and a constant agrees with nothing."""
    curve = fit_logistic(np.array(predicted), np.array(label))
    mapped = curve([-5.0, 0.0, 2.0, 9.0])
    assert mapped.tolist() == pytest.approx([mean] * 4)
    assert np.ptp(mapped) == 0
    assert agreement(mapped, np.array([0.0, 1.0, 2.0, 3.0])).plcc == 0


def test_a_step_is_fitted() -> None:
    predicted = np.array([0.0, 0.5, 1.0, 3.0, 3.5, 4.0])
    label = np.array([1.0, 1.0, 1.0, 3.0, 3.0, 3.0])
    assert fit_logistic(predicted, label)(predicted) == pytest.approx(label, abs=1e-6)


@STEADY
@given(SCORES, SCORES)
def test_ends_stay_near_the_labels(predicted: Floats, label: Floats) -> None:
    """Test scores may lie beyond all validation scores: no curve may shoot up behind the last."""
    curve = fit_logistic(predicted, label)
    beyond = curve([predicted.min() - np.ptp(predicted), predicted.max() + np.ptp(predicted)])
    assert beyond.min() >= label.min() - 4 * np.ptp(label) - 1e-9
    assert beyond.max() <= label.max() + 4 * np.ptp(label) + 1e-9


def test_far_outside_it_stays_at_its_ends() -> None:
    curve = Logistic(0.2, 3.9, 2.0, 0.1)
    assert curve([-1e9, 1e9]).tolist() == pytest.approx([0.2, 3.9])


@pytest.mark.parametrize(
    ("predicted", "label", "message"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "needs at least 4 examples, got 3"),
        ([1.0, 2.0], [1.0], "of one length"),
        ([1.0, 2.0, 3.0, math.nan], [1.0, 2.0, 3.0, 4.0], "must be finite"),
    ],
)
def test_too_little_to_fit_is_refused(
    predicted: list[float], label: list[float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        fit_logistic(np.array(predicted), np.array(label))
