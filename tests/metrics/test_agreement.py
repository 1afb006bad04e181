"""Agreement with readers, and how sure we are of it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement import agreement, bootstrap_interval

STEADY = settings(deadline=None, derandomize=True, database=None, max_examples=50)

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

SCORES: st.SearchStrategy[Floats] = arrays(
    np.float64, 12, elements=st.integers(0, 20).map(lambda grade: grade / 5)
)
"""Scores in steps of 0.2 as in LDCTIQAC2023: with ties."""


def _tau_b(x: Floats, y: Floats) -> float:
    """Kendall's tau-b by counting pairs."""
    pairs = [(i, j) for i in range(len(x)) for j in range(i)]
    a = np.array([np.sign(x[i] - x[j]) for i, j in pairs])
    b = np.array([np.sign(y[i] - y[j]) for i, j in pairs])
    return float((a * b).sum() / math.sqrt((a**2).sum() * (b**2).sum()))


def _varied(x: Floats, y: Floats) -> None:
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)


@STEADY
@given(SCORES, SCORES)
def test_correlations_by_their_definitions(x: Floats, y: Floats) -> None:
    """Pearson from scipy, Spearman as Pearson of mean ranks, Kendall by counting pairs."""
    _varied(x, y)
    found = agreement(x, y)
    assert found.plcc == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    ranks = stats.rankdata(x), stats.rankdata(y)
    assert found.srocc == pytest.approx(stats.pearsonr(*ranks).statistic, abs=1e-12)
    assert found.krocc == pytest.approx(_tau_b(x, y), abs=1e-12)


def test_figures_by_hand() -> None:
    """Errors 1, −1, 0, 0; ranks 1 2 3 4 against 2 1 3 4: ρ = 1 − 6·2/60, τ = (5 − 1)/6."""
    found = agreement(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 3.0, 4.0]))
    assert (found.mae, found.mse) == (0.5, 0.5)
    assert found.srocc == pytest.approx(0.8)
    assert found.krocc == pytest.approx(2 / 3)
    assert found.plcc == pytest.approx(0.8)
    assert found.overall == pytest.approx(0.8 + 0.8 + 2 / 3)


def test_overall_leads_the_figures() -> None:
    found = agreement(np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0]))
    assert list(found.as_dict()) == ["overall", "plcc", "srocc", "krocc", "mae", "mse"]
    assert found.as_dict()["overall"] == pytest.approx(3.0)  # the challenge takes magnitudes
    assert found.plcc == pytest.approx(-1.0)


@STEADY
@given(SCORES, SCORES)
def test_who_is_compared_with_whom_does_not_matter(x: Floats, y: Floats) -> None:
    _varied(x, y)
    one, other = agreement(x, y).as_dict(), agreement(y, x).as_dict()
    assert one == pytest.approx(other, abs=1e-12)


@STEADY
@given(SCORES, SCORES, st.floats(0.1, 10), st.floats(-5, 5))
def test_another_scale_keeps_correlations(x: Floats, y: Floats, gain: float, shift: float) -> None:
    """Pearson sees no linear change, the ranks no increasing change at all."""
    _varied(x, y)
    plain, linear, bent = agreement(x, y), agreement(gain * x + shift, y), agreement(np.exp(x), y)
    assert linear.plcc == pytest.approx(plain.plcc, abs=1e-9)
    assert bent.srocc == pytest.approx(plain.srocc, abs=1e-9)
    assert bent.krocc == pytest.approx(plain.krocc, abs=1e-9)


@pytest.mark.parametrize("constant", ["predicted", "label"])
def test_constant_scores_agree_with_nothing(constant: str) -> None:
    """A model that always says 2 must get 0, not NaN, and its errors all the same."""
    varied, flat = np.array([1.0, 2.0, 4.0]), np.full(3, 2.0)
    pair = (flat, varied) if constant == "predicted" else (varied, flat)
    found = agreement(*pair)
    assert (found.overall, found.plcc, found.srocc, found.krocc) == (0, 0, 0, 0)
    assert found.mae == pytest.approx(1.0)
    assert found.mse == pytest.approx(5 / 3)


@pytest.mark.parametrize(
    ("predicted", "label", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], "at least 3 examples, got 2"),
        ([], [], "at least 3 examples, got 0"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], r"of one length, got \(3,\), \(2,\)"),
        ([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]], r"must be \[n\] of one length, got \(1, 3\)"),
        ([1.0, 2.0, math.nan], [1.0, 2.0, 3.0], "must be finite; leave abstentions out"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, math.inf], "must be finite; leave abstentions out"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    predicted: list[float], label: list[float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        agreement(np.array(predicted), np.array(label))


# -- intervals


def _patients(
    rng: np.random.Generator, patients: int = 25, slices: int = 8
) -> tuple[Floats, Indices]:
    """Values around 0 that are alike inside a patient, and whose patient they are."""
    owner = np.repeat(np.arange(patients), slices)
    values = rng.standard_normal(patients)[owner] + 0.3 * rng.standard_normal(owner.size)
    return np.asarray(values), owner


def _interval(
    values: Floats, clusters: npt.NDArray[np.generic], seed: int = 0, **options: float
) -> tuple[float, float]:
    def mean(drawn: Indices) -> float:
        return float(values[drawn].mean())

    rng = np.random.default_rng(seed)
    return bootstrap_interval(mean, clusters, rng, resamples=200, **options)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    """95 % intervals of 100 studies hold the true mean in about 95; drawn by slice in far fewer."""
    rng = np.random.default_rng(0)
    by_patient = by_slice = 0
    for _ in range(100):
        values, owner = _patients(rng)
        low, high = _interval(values, owner)
        by_patient += low <= 0 <= high
        low, high = _interval(values, np.arange(values.size))
        by_slice += low <= 0 <= high
    assert 88 <= by_patient <= 99
    assert by_slice < 65


def test_width_is_that_of_the_patients_not_of_the_slices() -> None:
    """The standard error of a mean of 25 alike patients is √((1 + 0.09/8)/25)."""
    widths = []
    for seed in range(10):
        low, high = _interval(*_patients(np.random.default_rng(seed)), seed)
        widths.append((high - low) / (2 * 1.96))
    assert float(np.mean(widths)) == pytest.approx(math.sqrt((1 + 0.09 / 8) / 25), rel=0.15)


def test_same_seed_same_interval() -> None:
    values, owner = _patients(np.random.default_rng(1))
    assert _interval(values, owner, 5) == _interval(values, owner, 5)
    assert _interval(values, owner, 5) != _interval(values, owner, 6)


def test_surer_is_wider() -> None:
    values, owner = _patients(np.random.default_rng(2))
    (low90, high90), (low99, high99) = (_interval(values, owner, level=k) for k in (0.90, 0.99))
    assert low99 < low90 < values.mean() < high90 < high99


def test_patients_are_drawn_whole() -> None:
    """Every draw holds as many patients as there are, each with all of its slices."""
    owner = np.array(["a", "a", "a", "b", "c", "c"])
    sizes = {"a": 3, "b": 1, "c": 2}

    def check(drawn: Indices) -> float:
        names, counts = np.unique(owner[drawn], return_counts=True)
        times = [int(n) / sizes[str(name)] for name, n in zip(names, counts, strict=True)]
        assert all(t == int(t) for t in times)
        assert sum(times) == 3
        return 0.0

    assert bootstrap_interval(check, owner, np.random.default_rng(0), resamples=50) == (0.0, 0.0)


def test_one_patient_gives_no_interval() -> None:
    with pytest.raises(UsageError, match="needs at least 2 patients, got 1"):
        _interval(np.arange(4.0), np.zeros(4, dtype=np.intp))
