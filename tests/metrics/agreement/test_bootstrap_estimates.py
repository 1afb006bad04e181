"""All bootstrap samples at once equal each one computed on repeated examples."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement import bootstrap_estimates
from ctiqa.metrics.agreement.bootstrap import Draws, draw_patients
from ctiqa.metrics.agreement.bootstrap_estimates import bootstrap_metrics
from ctiqa.metrics.agreement.coefficients import agreement

STEADY = settings(max_examples=40)

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

N = 14
SCORES: st.SearchStrategy[Floats] = arrays(
    np.float64, N, elements=st.integers(0, 20).map(lambda grade: grade / 5)
)
"""Steps of 0.2, as in LDCTIQAC2023: ties even without repeats."""

FEW_GRADES: st.SearchStrategy[Floats] = arrays(
    np.float64, N, elements=st.sampled_from([0.1, 0.1, 2.0])
)
"""So few distinct values that many samples are constant."""

OWNERS: st.SearchStrategy[Indices] = arrays(np.intp, N, elements=st.integers(0, 4)).filter(
    lambda owner: np.ptp(owner) > 0
)


def _written_out(draws: Draws, resample: int) -> Indices:
    """Every drawn example as often as it was drawn."""
    return np.repeat(np.arange(len(draws.owner)), draws.weights[resample].astype(int))


@STEADY
@given(SCORES | FEW_GRADES, SCORES | FEW_GRADES, OWNERS, st.integers(0, 99))
def test_every_resample_is_the_agreement_of_its_examples(
    x: Floats, y: Floats, owner: Indices, seed: int
) -> None:
    draws = draw_patients(owner, np.random.default_rng(seed), 12)
    found = bootstrap_metrics(x, y, draws)
    for k in range(12):
        drawn = _written_out(draws, k)
        one = {name: float(values[k]) for name, values in found.items()}
        assert one == pytest.approx(agreement(x[drawn], y[drawn]).metrics(), abs=1e-10)


@STEADY
@given(SCORES, SCORES, OWNERS, st.integers(0, 99))
def test_ties_of_repeated_examples_are_those_of_scipy(
    x: Floats, y: Floats, owner: Indices, seed: int
) -> None:
    draws = draw_patients(owner, np.random.default_rng(seed), 8)
    found = bootstrap_metrics(x, y, draws)
    for k in range(8):
        drawn = _written_out(draws, k)
        a, b = x[drawn], y[drawn]
        if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
            assert found["overall"][k] == 0
            continue
        assert found["plcc"][k] == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-10)
        assert found["srocc"][k] == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-10)
        assert found["krocc"][k] == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-10)


def test_constant_resamples_are_zero_not_nan() -> None:
    """Two patients, each with one value: half of the resamples hold one value alone."""
    x, owner = np.repeat([0.1, 3.3], 4), np.repeat([0, 1], 4)
    draws = draw_patients(owner, np.random.default_rng(0), 200)
    found = bootstrap_metrics(x, x, draws)
    constant = (draws.times == 0).any(axis=1)
    assert 60 < constant.sum() < 140
    for name in ("overall", "overall_a", "plcc", "srocc", "krocc", "concordance", "kappa"):
        assert set(found[name][constant].tolist()) == {0.0}
    assert found["plcc"][~constant] == pytest.approx(1)
    assert found["kappa"][~constant] == pytest.approx(1)


def test_fewer_than_three_examples_have_no_order() -> None:
    """One slice per patient: a sample of two patients has only errors."""
    x, y = np.array([1.0, 2.0]), np.array([1.0, 3.0])
    found = bootstrap_metrics(x, y, draw_patients(np.arange(2), np.random.default_rng(0), 20))
    assert set(found["plcc"].tolist()) == set(found["kappa"].tolist()) == {0.0}
    assert set(found["mae"].tolist()) == {0.0, 0.5, 1.0}


@pytest.mark.parametrize("least", [5e-324, 1e-200, 2e-16])
def test_the_least_differences_make_no_nan(least: float) -> None:
    x, y = np.array([0.0, least, 3 * least, least]), np.array([1.0, 2.0, 4.0, 4.0])
    found = bootstrap_metrics(x, y, draw_patients(np.arange(4), np.random.default_rng(0), 50))
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["krocc"].max() == pytest.approx(1)


def test_little_variation_far_from_zero_is_kept() -> None:
    """Sums of squares less squares of sums would lose all sixteen digits here."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1e-6, (2, 40)) + 1e3
    draws = draw_patients(np.arange(40), rng, 20)
    found = bootstrap_metrics(x, y, draws)["plcc"]
    for k in range(20):
        drawn = _written_out(draws, k)
        assert found[k] == pytest.approx(stats.pearsonr(x[drawn], y[drawn]).statistic, abs=1e-6)


def test_work_in_parts_is_work_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 4, (2, 50)).round(1)
    draws = draw_patients(rng.integers(9, size=50), rng, 40)
    whole = bootstrap_metrics(x, y, draws)
    monkeypatch.setattr(bootstrap_estimates, "MOST_WEIGHTS", 350)
    monkeypatch.setattr(bootstrap_estimates, "MOST_PAIRS", 170)
    parts = bootstrap_metrics(x, y, draws)
    assert list(parts) == list(whole)
    for name, values in whole.items():
        assert parts[name] == pytest.approx(values, abs=1e-12)


def test_names_are_those_of_the_agreement() -> None:
    x = np.array([0.0, 1.0, 2.0])
    found = bootstrap_metrics(x, x, draw_patients(np.arange(3), np.random.default_rng(0), 1))
    assert set(found) == set(agreement(x, x).metrics())


def test_every_example_has_a_patient() -> None:
    draws = draw_patients(np.arange(3), np.random.default_rng(0), 1)
    with pytest.raises(UsageError, match="every example needs a patient: 4 examples, 3"):
        bootstrap_metrics(np.arange(4.0), np.arange(4.0), draws)
    with pytest.raises(UsageError, match="must be finite"):
        bootstrap_metrics(np.array([0.0, math.nan, 1.0]), np.arange(3.0), draws)
