from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.evaluate.test_resampled import made

from ctiqa.evaluate.logistic import _gradient, fit_logistic, logistic, mapped_plcc
from ctiqa.evaluate.resampled import pairs_of
from ctiqa.evaluate.scale import Scale


def test_a_curve_is_found_again() -> None:
    x = np.linspace(-3, 3, 80)
    found = fit_logistic(x, logistic(x, 0.5, 3.5, 0.4, 0.7))
    assert found is not None
    low, high, middle, slope = found
    assert (low, high, middle, abs(slope)) == pytest.approx((0.5, 3.5, 0.4, 0.7), abs=1e-4)


def test_the_mapping_straightens_what_it_was_not_fitted_on() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-4, 4, 200)
    label = logistic(x, 0, 4, 0, 0.5) + rng.normal(0, 0.05, 200)
    measured = pairs_of(x[100:], label[100:], np.arange(100) % 10, Scale())
    found = mapped_plcc(x[:100], label[:100], measured)
    assert found.plcc is not None
    assert found.rmse is not None
    assert found.plcc.value > 0.995 > stats.pearsonr(x[100:], label[100:]).statistic
    assert found.rmse.value == pytest.approx(0.05, abs=0.02)
    assert found.fitted_on == 100


def test_the_gradient_is_that_of_the_curve() -> None:
    x, at = np.linspace(-2, 3, 7), np.array([0.3, 3.6, 0.5, -0.8])
    slopes = [
        (logistic(x, *(at + step)) - logistic(x, *(at - step))) / 2e-6 for step in 1e-6 * np.eye(4)
    ]
    assert np.allclose(_gradient(x, *at), np.column_stack(slopes), atol=1e-6)


def test_a_falling_relation_is_turned() -> None:
    x = np.linspace(0, 4, 60)
    measured = pairs_of(x, 4 - x, np.arange(60) % 6, Scale())
    found = mapped_plcc(x, 4 - x, measured)
    assert found.plcc is not None
    assert found.plcc.value > 0.99


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (np.full(20, 1.0), np.linspace(0, 4, 20)),
        (np.linspace(0, 4, 20), np.full(20, 1.0)),
        (np.linspace(0, 4, 4), np.linspace(0, 4, 4)),
    ],
)
def test_what_determines_no_curve(
    score: np.ndarray[tuple[int], np.dtype[np.float64]],
    label: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    found = mapped_plcc(score, label, made(30, 3, 0))
    assert found.plcc is None
    assert f"the {len(score)} validation examples do not determine" in found.why_not


def test_far_scores_do_not_overflow() -> None:
    assert logistic(np.array([-1e6, 1e6]), 0, 4, 0, 1e-9).tolist() == pytest.approx([0, 4])
