from __future__ import annotations

import numpy as np
import pytest

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.conformal import FEWEST_PATIENTS, half_width, reach


def test_nine_patients_are_the_fewest_for_ninety_per_cent() -> None:
    assert FEWEST_PATIENTS == 9
    assert half_width(np.arange(9.0), np.arange(9)) == 8.0
    assert half_width(np.arange(8.0), np.arange(8)) == 7.0


def test_every_patient_counts_alike() -> None:
    """Thirty good scores of one patient do not make up for nine others."""
    distance = np.concatenate([np.zeros(30), np.arange(1.0, 20.0)])
    patient = np.concatenate([np.zeros(30, np.intp), np.arange(1, 20)])
    assert half_width(distance, patient) == half_width(np.arange(20.0), np.arange(20)) == 18.0


def test_new_patients_are_covered() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        width = half_width(np.abs(rng.standard_normal(25)), np.arange(25))
        covered.append(np.mean(np.abs(rng.standard_normal(100)) <= width))
    assert 0.89 < np.mean(covered) < 0.94


def test_the_reach_makes_the_interval_of_a_scan_just_contain_the_score() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 6, 40)
    cases = Cases(values, 4 * np.arange(10), rng.uniform(0, 4, 10), np.arange(10))
    found = reach(cases, values, cases.target)
    low = cases.means(np.clip(values - cases.of_slices(found), 0, 4))
    high = cases.means(np.clip(values + cases.of_slices(found), 0, 4))
    gap = np.minimum(np.abs(low - cases.target), np.abs(high - cases.target))
    np.testing.assert_allclose(gap, 0, atol=1e-6)
    assert ((low <= cases.target + 1e-6) & (cases.target <= high + 1e-6)).all()


@pytest.mark.parametrize(("value", "score", "wanted"), [(5.0, 4.0, 0), (-1, 0, 0), (5, 3.5, 1.5)])
def test_an_end_of_the_scale_is_reached_from_beyond(
    value: float, score: float, wanted: float
) -> None:
    one = Cases(np.array([value]), np.array([0]), np.array([score]), np.array([0]))
    assert reach(one, one.open_scores, one.target)[0] == pytest.approx(wanted, abs=1e-6)
