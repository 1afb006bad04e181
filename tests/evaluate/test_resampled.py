from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.evaluate.reference import concordance, quadratic_kappa

from ctiqa.evaluate import resampled
from ctiqa.evaluate.resampled import Pairs, draw_weights, pairs_of
from ctiqa.evaluate.scale import Scale

Floats = npt.NDArray[np.float64]


def made(n: int, patients: int, seed: int, *, ties: bool = True) -> Pairs:
    rng = np.random.default_rng(seed)
    label = rng.uniform(0, 4, n)
    score = np.clip(label + rng.normal(0, 0.6, n), 0, 4)
    if ties:
        label, score = np.round(label * 5) / 5, np.round(score, 1)
    owner = np.concatenate([np.arange(patients), rng.integers(patients, size=n - patients)])
    return pairs_of(score, label, owner, Scale())


def redrawn(pairs: Pairs, weights: Floats) -> tuple[Floats, Floats]:
    """Scores and labels with every patient as often as it was drawn."""
    numbers = np.repeat(np.arange(len(pairs.score)), weights[pairs.owner].astype(int))
    return pairs.score[numbers], pairs.label[numbers]


def reference(score: Floats, label: Floats) -> dict[str, float]:
    """All measures from other libraries or their definitions, example by example."""
    ordered = np.sign(score[:, None] - score) * np.sign(label[:, None] - label)
    n = len(score)
    figures = {
        "plcc": float(stats.pearsonr(score, label).statistic),
        "srocc": float(stats.spearmanr(score, label).statistic),
        "krocc": float(stats.kendalltau(score, label).statistic),
        "krocc_a": float(ordered.sum() / (n * (n - 1))),
        "mae": float(np.abs(score - label).mean()),
        "mse": float(((score - label) ** 2).mean()),
        "rmse": float(np.sqrt(((score - label) ** 2).mean())),
        "bias": float((score - label).mean()),
        "concordance": concordance(score, label),
        "kappa": quadratic_kappa(np.floor(score + 0.5), np.floor(label + 0.5)),
    }
    return figures | {"overall": sum(abs(figures[k]) for k in ("plcc", "srocc", "krocc"))}


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_every_resample_is_what_redrawing_gives(seed: int, ties: bool) -> None:
    pairs = made(60, 7, seed, ties=ties)
    weights = draw_weights(7, 25, np.random.default_rng(seed))
    found = pairs.measures(weights)
    for k in range(len(weights)):
        expected = reference(*redrawn(pairs, weights[k]))
        assert {name: values[k] for name, values in found.items()} == pytest.approx(expected)


def test_once_each_is_the_figure_itself() -> None:
    pairs = made(200, 9, 5)
    found = pairs.measures(np.ones((1, 9)))
    assert {k: float(v[0]) for k, v in found.items()} == pytest.approx(
        reference(pairs.score, pairs.label)
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(3, 30), st.integers(1, 5), st.integers(0, 2**31))
def test_the_order_of_examples_does_not_matter(n: int, patients: int, seed: int) -> None:
    pairs = made(n + patients, patients, seed)
    order = np.random.default_rng(seed).permutation(len(pairs.score))
    mixed = pairs_of(pairs.score[order], pairs.label[order], pairs.owner[order], Scale())
    weights = draw_weights(patients, 4, np.random.default_rng(seed))
    before, after = pairs.measures(weights), mixed.measures(weights)
    for name, values in before.items():
        assert np.allclose(values, after[name], atol=1e-9), name


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, weights = made(100, 6, 3), draw_weights(6, 9, np.random.default_rng(0))
    whole = pairs.measures(weights)
    monkeypatch.setattr(resampled, "ROWS_OF_PAIRS", 7)
    monkeypatch.setattr(resampled, "MOST_RANKS", 250)
    again = made(100, 6, 3).measures(weights)
    for name, values in whole.items():
        assert np.allclose(values, again[name], atol=1e-12), name


@pytest.mark.parametrize("flat", ["score", "label", "both"])
def test_constants_have_no_order_and_no_nan(flat: str) -> None:
    level = np.full(12, 2.0)
    ramp = np.linspace(0, 4, 12)
    score = ramp if flat == "label" else level
    label = ramp if flat == "score" else level
    found = pairs_of(score, label, np.arange(12) % 3, Scale()).measures(np.ones((1, 3)))
    for name in ("overall", "plcc", "srocc", "krocc", "krocc_a", "concordance", "kappa"):
        assert found[name][0] == 0, name
    assert np.isfinite(found["mae"][0])


def test_a_constant_far_from_zero_is_still_constant() -> None:
    score = np.full(40, 0.1 + 0.2)
    found = pairs_of(score, np.linspace(0, 4, 40), np.arange(40) % 4, Scale())
    assert (
        found.measures(draw_weights(4, 50, np.random.default_rng(0)))["plcc"].tolist() == [0] * 50
    )


def test_all_patients_are_drawn_as_often_on_average() -> None:
    weights = draw_weights(5, 4000, np.random.default_rng(0))
    assert (weights.sum(axis=1) == 5).all()
    assert np.allclose(weights.mean(axis=0), 1, atol=0.06)
