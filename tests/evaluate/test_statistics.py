from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.evaluate.made import scored

from ctiqa.evaluate.scale import Scale
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import (
    PART,
    SEED,
    STATISTICS,
    bands_of,
    differences,
    estimates_of,
    metrics_of,
    part_of,
    rounded,
)
from ctiqa.metrics.agreement.bootstrap import RESAMPLES, bootstrap_interval, holm
from ctiqa.metrics.agreement.intervals import COMPARED


def made(n: int, patients: int, seed: int, scale: Scale | None = None) -> ScoredExamples:
    """Scores near labels in steps, of patients with some examples each."""
    rng = np.random.default_rng(seed)
    label = np.round(rng.uniform(0, 4, n) * 5) / 5
    score = np.round(np.clip(label + rng.normal(0, 0.6, n), 0, 4), 1)
    owner = np.concatenate([np.arange(patients), rng.integers(patients, size=n - patients)])
    scale = scale or Scale()
    on_scale = np.float64(scale.low) + scale.grade * np.stack([score, label]).astype(np.float64)
    return scored(*on_scale, patient=owner, scale=scale)


@pytest.mark.parametrize("scale", [Scale(), Scale(0, 1), Scale(1, 5)])
def test_metrics_are_in_units_of_the_labels(scale: Scale) -> None:
    pairs = made(150, 10, 1, scale)
    found = metrics_of(pairs)
    assert {name: each.value for name, each in estimates_of(pairs).items()} == found
    error = pairs.score - pairs.label
    assert found["mae"] == pytest.approx(np.abs(error).mean())
    assert found["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert found["mse"] == pytest.approx((error**2).mean())
    assert found["bias"] == pytest.approx(error.mean())
    assert found["plcc"] == pytest.approx(stats.pearsonr(pairs.score, pairs.label).statistic)
    assert found["srocc"] == pytest.approx(stats.spearmanr(pairs.score, pairs.label).statistic)
    assert found["krocc"] == pytest.approx(stats.kendalltau(pairs.score, pairs.label).statistic)
    assert list(found) == [measure.name for measure in STATISTICS]


@pytest.mark.parametrize("scale", [Scale(), Scale(1, 9)])
def test_intervals_are_those_of_resampling_one_by_one(scale: Scale) -> None:
    pairs = made(60, 12, 2, scale)

    def error(drawn: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        return float(np.abs(pairs.score - pairs.label)[drawn].mean())

    rng = np.random.default_rng(SEED)
    slow = bootstrap_interval(error, pairs.patient, rng, resamples=RESAMPLES)
    assert estimates_of(pairs)["mae"].interval == pytest.approx(slow)


def test_one_patient_has_no_interval() -> None:
    pairs = made(20, 1, 3)
    assert all(each.interval is None for each in estimates_of(pairs).values())


def test_only_the_requested_metrics() -> None:
    pairs = made(50, 5, 4)
    whole = estimates_of(pairs)
    assert estimates_of(pairs, ("mae", "plcc")) == {"mae": whole["mae"], "plcc": whole["plcc"]}


def test_bands_are_the_grades_of_the_label() -> None:
    label = np.array([0.0, 0.99, 1.0, 2.5, 3.0, 4.0])
    pairs = scored(label + 0.1 * np.arange(6), label)
    found = {
        part.name: (part.n, round(part.estimates["bias"].value, 6)) for part in bands_of(pairs)
    }
    assert found == {"0–1": (2, 0.05), "1–2": (1, 0.2), "2–3": (1, 0.3), "3–4": (2, 0.45)}


def test_bands_of_another_scale_leave_empty_ones_out() -> None:
    label = np.array([0.9, 0.95, 1.0])
    pairs = scored(label, label, scale=Scale(0, 1))
    assert [part.name for part in bands_of(pairs)] == ["0.75–1"]


def test_a_part_counts_its_own_patients() -> None:
    pairs = made(40, 8, 5)
    inside = np.isin(pairs.patient, (0, 1, 2))
    part = part_of("p", pairs, inside)
    assert (part.n, part.patients) == (int(inside.sum()), 3)
    assert tuple(part.estimates) == PART
    expected = np.abs(pairs.score - pairs.label)[inside].mean()
    assert part.estimates["mae"].value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("step", "scale", "expected"),
    [(0.2, Scale(), [0.0, 1.4, 4.0]), (None, Scale(), [0.0, 1.4, 4.0]), (1.0, Scale(), [0, 1, 4])],
)
def test_rounding(step: float | None, scale: Scale, expected: list[float]) -> None:
    found = rounded(np.array([0.02, 1.31, 3.99]), step, scale)
    assert found.tolist() == pytest.approx(expected)


def test_rounding_starts_at_the_low_end() -> None:
    assert rounded(np.array([1.24, 4.9]), 0.5, Scale(1, 5)).tolist() == [1.0, 5.0]


def test_a_model_does_not_differ_from_itself() -> None:
    pairs = made(60, 9, 6)
    for each in differences({"a": pairs, "b": pairs}):
        assert (each.estimate.value, each.estimate.low, each.estimate.high) == (0, 0, 0)
        assert (each.p, each.p_holm) == (1, 1)


def test_a_clear_difference_is_seen_with_its_sign() -> None:
    good = made(90, 15, 7)
    noise = np.random.default_rng(0).normal(0, 1.5, 90)
    bad = good.rescored(np.clip(good.score + noise, 0, 4))
    found = {each.metric: each for each in differences({"good": good, "bad": bad})}
    assert set(found) == set(COMPARED)
    assert found["overall"].estimate.value > 0 > found["mae"].estimate.value
    assert found["mae"].estimate.high < 0
    assert found["mae"].p < 0.01
    expected = estimates_of(good)["mae"].value - estimates_of(bad)["mae"].value
    assert found["mae"].estimate.value == pytest.approx(expected)


def test_every_pair_is_compared_and_adjusted() -> None:
    models = {name: made(60, 9, seed) for seed, name in enumerate("abc")}
    rows = [each for each in differences(models) if each.metric == "mae"]
    assert [(each.first, each.second) for each in rows] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [each.p_holm for each in rows] == list(holm([each.p for each in rows]))


@pytest.mark.parametrize("models", [1, 2])
def test_nothing_to_compare(models: int) -> None:
    lone = {str(k): made(10, 2 if models == 1 else 1, 0) for k in range(models)}
    assert differences(lone) == ()


def test_differences_are_in_units_of_the_labels() -> None:
    grades, unit = (
        {k: made(40, 8, n, scale) for n, k in enumerate("ab")} for scale in (Scale(), Scale(0, 1))
    )
    for models in (grades, unit):
        models["b"] = models["a"].rescored(models["b"].score)
    for whole, quarter in zip(differences(grades), differences(unit), strict=True):
        factor = 4 if whole.metric == "mae" else 1
        assert whole.estimate.value == pytest.approx(factor * quarter.estimate.value)
        assert whole.estimate.low == pytest.approx(factor * quarter.estimate.low)
        assert whole.p == quarter.p
