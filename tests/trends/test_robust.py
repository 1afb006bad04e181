"""Robust statistics against plain ones, and against odd values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import theilslopes, trim_mean

from ctiqa.trends.robust import (
    ALL_PAIRS,
    TRIMMED_VARIANCE,
    huber_variance,
    mad_scale,
    theil_sen,
    trimmed_means,
)

DRAW = np.random.default_rng(7)


def test_a_slope_of_few_points_is_that_of_scipy() -> None:
    x, y = DRAW.normal(size=80), DRAW.normal(size=80)
    assert theil_sen(x, y) == pytest.approx(theilslopes(y, x).slope)


@pytest.mark.parametrize("n", [60, ALL_PAIRS + 1, 4001])
def test_a_tenth_of_odd_points_does_not_turn_a_line(n: int) -> None:
    x = DRAW.normal(size=n)
    y = -0.5 * x + DRAW.normal(0, 0.05, n)
    y[: n // 10] += 5 * x[: n // 10] ** 2
    assert theil_sen(x, y) == pytest.approx(-0.5, abs=0.06)


def test_equal_abscissae_have_no_slope() -> None:
    assert theil_sen(np.ones(400), DRAW.normal(size=400)) is None
    assert theil_sen(np.ones(1), np.ones(1)) is None


def test_trimmed_means_are_those_of_scipy() -> None:
    values, labels = DRAW.normal(size=300), DRAW.integers(7, size=300)
    found = trimmed_means(values, labels, 7)
    wanted = [trim_mean(values[labels == each], 0.2) for each in range(7)]
    assert found == pytest.approx(wanted)


def test_the_variance_of_a_trimmed_mean() -> None:
    values = np.random.default_rng(3).normal(size=(20_000, 20))
    means = trimmed_means(values.ravel(), np.repeat(np.arange(20_000), 20), 20_000)
    # The variance of 20,000 normal values has a standard error of 1 %.
    assert 20 * means.var() == pytest.approx(TRIMMED_VARIANCE, rel=0.04)


@pytest.mark.parametrize("n", [40, 4000])
def test_scales_of_normal_values(n: int) -> None:
    values = np.random.default_rng(5).normal(0, 3, size=(4000 // n * 50, n))
    assert np.mean([mad_scale(row) for row in values]) == pytest.approx(3, rel=0.03)
    assert np.mean([huber_variance(row) for row in values]) == pytest.approx(9, rel=0.03)


def test_scales_do_not_follow_odd_values() -> None:
    values = np.concatenate([DRAW.normal(size=950), np.full(50, 1000.0)])
    assert mad_scale(values) < 1.2
    assert huber_variance(values) < 1.6
    assert np.std(values) > 100


def test_scales_of_equal_values_are_0() -> None:
    assert mad_scale(np.ones(9)) == 0
    assert mad_scale(np.array([])) == 0
    assert huber_variance(np.zeros(9)) == 0
