"""Prediction intervals hold the share of the labels that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.made import scored

from ctiqa.cards import IntervalRule
from ctiqa.evaluate.conformal import (
    FEWEST_COVERED,
    calibrate,
    calibrate_noise,
    coverage_by_group,
    interval_coverage,
    noise_coverage,
)
from ctiqa.noise_scale import LOG_NOISE_PER_GRADE
from ctiqa.types import Floats

Residuals = tuple[Floats, Floats, Floats]


def residuals(n: int, seed: int) -> Residuals:
    """Score, spread and label of predictions whose error grows with the spread of the members."""
    rng = np.random.default_rng(seed)
    label = rng.uniform(1, 3, n)
    spread = rng.uniform(0.05, 0.3, n)
    return label + spread * rng.standard_normal(n), spread, label


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_intervals_cover_what_they_promise(level: float) -> None:
    rule = calibrate(*residuals(1000, 1), level)
    assert rule.level == level
    assert interval_coverage(rule, *residuals(1000, 1)) >= level - 0.002
    assert interval_coverage(rule, *residuals(20_000, 2)) == pytest.approx(level, abs=0.04)


def test_a_handful_of_patients_gives_the_widest_interval() -> None:
    score, spread, label = residuals(5, 1)
    rule = calibrate(score, spread, label, 0.9)
    relative = np.abs(score - label) / np.hypot(spread, rule.floor)
    assert rule.quantile == pytest.approx(relative.max(), rel=1e-3)


def test_agreement_of_members_is_not_certainty() -> None:
    label = np.linspace(0.5, 3.5, 100)
    score = label + np.linspace(0.1, 0.3, 100) * np.tile([1, -1], 50)
    rule = calibrate(score, np.zeros(100), label, 0.9)
    assert rule.floor == pytest.approx(0.2, abs=1e-3)
    assert rule.quantile * rule.floor == pytest.approx(0.28, abs=5e-3)
    assert interval_coverage(rule, score, np.zeros(100), label) >= 0.9


def test_the_floor_is_never_nothing() -> None:
    label = np.array([1.0, 2.0, 3.0])
    rule = calibrate(label, np.zeros(3), label, 0.9)
    assert rule == IntervalRule(level=0.9, quantile=0.0, floor=0.02)


def test_a_label_at_the_end_of_the_scale_is_reached_from_beyond() -> None:
    label = np.array([4.0, 4.0, 0.0, 3.9])
    score = np.array([5.0, 3.5, -2.0, 5.0])
    rule = IntervalRule(level=0.9, quantile=1.0, floor=0.6)
    inside = [
        interval_coverage(rule, score[k : k + 1], np.zeros(1), label[k : k + 1]) for k in range(4)
    ]
    assert inside == [1.0, 1.0, 1.0, 0.0]


def test_scores_beyond_the_end_need_no_wider_intervals() -> None:
    score, spread, label = residuals(200, 3)
    far = np.full(200, 4.0)
    rule = calibrate(np.append(score, far + 3), np.tile(spread, 2), np.append(label, far), 0.8)
    assert rule.quantile < calibrate(score, spread, label, 0.8).quantile


def test_coverage_is_counted_in_groups_of_enough_examples() -> None:
    region = np.array(["chest", "abdomen", "neck"]).repeat((FEWEST_COVERED, FEWEST_COVERED, 1))
    label = np.zeros(len(region))
    score = np.where((region == "abdomen") & (np.arange(len(region)) % 2 == 0), 1.0, 0.05)
    made = scored(score, label, region=region)
    rule = IntervalRule(level=0.9, quantile=1.0, floor=0.1)
    assert coverage_by_group(rule, made) == {
        "abdomen": {"n": FEWEST_COVERED, "covered": 0.5},
        "chest": {"n": FEWEST_COVERED, "covered": 1.0},
    }


def noises(n: int, seed: int) -> Residuals:
    """Estimated and true noise whose relative error grows with the spread, and the spread."""
    rng = np.random.default_rng(seed)
    true, spread = np.exp(rng.uniform(1, 5, n)), rng.uniform(0.05, 0.5, n)
    return true * np.exp(LOG_NOISE_PER_GRADE * spread * rng.standard_normal(n)), true, spread


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_of_the_noise_cover_what_they_promise(level: float) -> None:
    rule = calibrate_noise(*noises(1000, 1), level)
    assert noise_coverage(rule, *noises(1000, 1)) >= level - 0.002
    assert noise_coverage(rule, *noises(20_000, 2)) == pytest.approx(level, abs=0.04)
    # The spread tells good estimates from bad ones.
    assert rule.factor(0.05) < rule.factor(0.5)


def test_a_perfect_estimate_of_the_noise_has_a_floor() -> None:
    true = np.array([4.0, 20.0, 90.0])
    rule = calibrate_noise(true, true, np.zeros(3), 0.9)
    assert (rule.quantile, rule.floor, rule.factor()) == (0.0, 0.01, 1.0)
