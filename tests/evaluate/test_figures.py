from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.test_resampled import made, reference

from ctiqa.evaluate.figures import (
    COMPARED,
    MEASURES,
    bands_of,
    differences,
    figures_of,
    holm,
    part_of,
    rounded,
)
from ctiqa.evaluate.resampled import pairs_of
from ctiqa.evaluate.scale import Scale
from ctiqa.metrics.agreement import agreement, bootstrap_interval


def test_figures_are_those_of_the_metrics_room() -> None:
    pairs = made(120, 10, 1)
    found = figures_of(pairs)
    expected = agreement(pairs.score, pairs.label).as_dict()
    assert {name: found[name].value for name in expected} == pytest.approx(expected)
    assert list(found) == [measure.name for measure in MEASURES]


@pytest.mark.parametrize("name", ["overall", "krocc", "mae"])
def test_intervals_are_those_of_redrawing_one_by_one(name: str) -> None:
    pairs = made(80, 12, 2)

    def statistic(drawn: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        return reference(pairs.score[drawn], pairs.label[drawn])[name]

    slow = bootstrap_interval(statistic, pairs.owner, np.random.default_rng(1), resamples=600)
    fast = figures_of(pairs)[name].interval
    assert fast is not None
    width = slow[1] - slow[0]
    assert np.abs(np.subtract(fast, slow)).max() < 0.15 * width


def test_one_patient_has_no_interval() -> None:
    pairs = made(20, 1, 3)
    assert all(figure.interval is None for figure in figures_of(pairs).values())


def test_figures_without_ranks_are_the_same_figures() -> None:
    pairs = made(50, 5, 4)
    some = figures_of(pairs, ("mae", "plcc"))
    whole = figures_of(pairs)
    assert some == {"mae": whole["mae"], "plcc": whole["plcc"]}


def test_bands_are_the_grades_of_the_label() -> None:
    label = np.array([0.0, 0.99, 1.0, 2.5, 3.0, 4.0])
    pairs = pairs_of(label + 0.1 * np.arange(6), label, np.arange(6), Scale())
    found = {part.name: (part.n, round(part.figures["bias"].value, 6)) for part in bands_of(pairs)}
    assert found == {"0–1": (2, 0.05), "1–2": (1, 0.2), "2–3": (1, 0.3), "3–4": (2, 0.45)}


def test_bands_of_another_scale_leave_empty_ones_out() -> None:
    label = np.array([0.9, 0.95, 1.0])
    pairs = pairs_of(label, label, np.arange(3), Scale(0, 1))
    assert [part.name for part in bands_of(pairs)] == ["0.75–1"]


def test_a_part_counts_its_own_patients() -> None:
    pairs = made(40, 8, 5)
    inside = pairs.owner < 3
    part = part_of("p", pairs, inside)
    assert (part.n, part.patients) == (int(inside.sum()), 3)
    expected = np.abs(pairs.score - pairs.label)[inside].mean()
    assert part.figures["mae"].value == pytest.approx(expected)


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
        assert (each.value, each.interval, each.p, each.p_holm) == (0, (0, 0), 1, 1)


def test_a_clear_difference_is_seen_with_its_sign() -> None:
    good = made(90, 15, 7)
    noise = np.random.default_rng(0).normal(0, 1.5, 90)
    bad = pairs_of(np.clip(good.score + noise, 0, 4), good.label, good.owner, Scale())
    found = {each.measure: each for each in differences({"good": good, "bad": bad})}
    assert set(found) == set(COMPARED)
    assert found["overall"].value > 0 > found["mae"].value
    assert found["mae"].interval[1] < 0
    assert found["mae"].p < 0.01
    expected = figures_of(good)["mae"].value - figures_of(bad)["mae"].value
    assert found["mae"].value == pytest.approx(expected)


def test_every_pair_is_compared_and_adjusted() -> None:
    models = {name: made(60, 9, seed) for seed, name in enumerate("abc")}
    rows = [each for each in differences(models) if each.measure == "mae"]
    assert [(each.first, each.second) for each in rows] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [each.p_holm for each in rows] == holm([each.p for each in rows])


@pytest.mark.parametrize("models", [1, 2])
def test_nothing_to_compare(models: int) -> None:
    lone = {str(k): made(10, 2 if models == 1 else 1, 0) for k in range(models)}
    assert differences(lone) == ()


def test_holm_by_hand() -> None:
    # 4 × 0.01, then max(., 3 × 0.013), max(., 2 × 0.03), max(., 0.04)
    assert holm([0.04, 0.01, 0.03, 0.013]) == pytest.approx([0.06, 0.04, 0.06, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_adjusts_upward_and_keeps_the_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(q >= each for q, each in zip(adjusted, p, strict=True))
    assert all(q <= min(1, len(p) * each) + 1e-12 for q, each in zip(adjusted, p, strict=True))
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
