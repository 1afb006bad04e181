from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.calibration.made import Map, flatter, same

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.effects import Indices
from ctiqa.calibration.fit import MOST_FOLDS, fit_map, fold_of
from ctiqa.types import Floats


def cases(
    open_scores: Floats, target: Floats, patient: Indices | None = None, slices: int = 1
) -> Cases:
    count = len(target)
    owners = np.arange(count) if patient is None else patient
    return Cases(open_scores, slices * np.arange(count), target, owners)


def noisy(mapped: Map, seed: int, *, count: int = 40, sd: float = 0.2, top: float = 3.5) -> Cases:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.5, top, count)
    return cases(scores, np.clip(mapped(scores) + sd * rng.standard_normal(count), 0, 4))


def bent(scores: Floats) -> Floats:
    return np.asarray(np.where(scores < 2, 1.5 * scores, 3 + 0.2 * (scores - 2)))


def test_where_there_is_nothing_to_gain_the_scores_are_kept() -> None:
    forms = Counter(fit_map(noisy(same, seed)).form for seed in range(10))
    assert forms["identity"] >= 9


@pytest.mark.parametrize(
    ("mapped", "form"), [(lambda x: x - 0.8, "shift"), (flatter, "line"), (bent, "bent")]
)
def test_the_map_is_recovered(mapped: Map, form: str) -> None:
    found = fit_map(noisy(mapped, 0, count=60, sd=0.1))
    assert found.form == form
    at = np.linspace(1, 3.4, 20)
    np.testing.assert_allclose(found.curve(at), np.clip(mapped(at), 0, 4), atol=0.15)
    assert found.errors[form] < found.errors["identity"] / 4


def test_scores_beyond_the_scale_do_not_bend_the_map() -> None:
    """Readers cannot go beyond 4, however far beyond the model is."""
    found = fit_map(noisy(lambda x: x - 1, 0, count=60, sd=0.1, top=8))
    np.testing.assert_allclose(found.curve([2.0, 3.0, 4.0]), [1, 2, 3], atol=0.15)


def test_a_model_that_is_beyond_the_scale_everywhere_is_brought_back() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(5, 9, 40)
    found = fit_map(cases(scores, 0.5 * scores - 1.5 + 0.1 * rng.standard_normal(40)))
    np.testing.assert_allclose(found.curve([5.0, 7.0, 9.0]), [1, 2, 3], atol=0.15)


def test_scans_are_fitted_by_the_mean_of_their_mapped_slices() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.5, 7, (60, 5))
    target = np.clip(flatter(scores), 0, 4).mean(axis=1)
    found = fit_map(cases(scores.ravel(), target, slices=5))
    np.testing.assert_allclose(found.curve([1.0, 3.0, 5.0]), [1.4, 2.6, 3.8], atol=0.1)


def test_readers_against_the_model_still_give_a_rising_map() -> None:
    for seed in range(3):
        found = fit_map(noisy(lambda x: 4 - x, seed))
        assert (np.diff(found.curve.scores) > 0).all()
        assert (np.diff(found.curve.open_scores) > 0).all()


def test_equal_scores_of_the_model_give_a_rising_map() -> None:
    found = fit_map(cases(np.full(30, 4.0), np.linspace(1, 4, 30)))
    assert (np.diff(found.curve.scores) > 0).all()
    assert found.curve([4.0])[0] == pytest.approx(2.5, abs=0.1)


def test_a_patient_does_not_vote_on_its_own_score() -> None:
    """The score of a patient left out is the same whatever its readers say."""
    given = noisy(flatter, 0, count=12, sd=0.1)
    other = cases(given.open_scores, given.target.copy())
    other.target[3] += 0.01
    before, after = fit_map(given).left_out, fit_map(other).left_out
    assert before[3] == pytest.approx(after[3], abs=1e-6)
    assert np.abs(before - after).max() > 1e-5


def test_all_cases_of_a_patient_are_left_out_together() -> None:
    rng = np.random.default_rng(0)
    patient = rng.integers(0, 45, 200)
    found = fold_of(cases(np.zeros(200), rng.uniform(0, 4, 200), patient))
    for each in np.unique(patient):
        assert len(set(found[patient == each].tolist())) == 1
    assert set(found.tolist()) == set(range(MOST_FOLDS))


def test_few_patients_are_left_out_one_by_one() -> None:
    patient = np.repeat(np.arange(9), 3)
    found = fold_of(cases(np.zeros(27), np.arange(27.0), patient))
    assert len(set(zip(found.tolist(), patient.tolist(), strict=True))) == 9
    assert len(set(found.tolist())) == 9
