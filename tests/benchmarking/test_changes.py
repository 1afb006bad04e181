from __future__ import annotations

import numpy as np
import pytest

from ctiqa.benchmarking.changes import draw_slices, paired_change
from ctiqa.metrics import bootstrap_interval

RNG = np.random.default_rng(3)


def test_pairing_cancels_what_slices_share() -> None:
    hard = RNG.normal(30, 10, 40)
    gain = RNG.normal(1, 0.1, 40)
    change = paired_change(hard + gain, hard, draw_slices(range(40)))
    assert change is not None
    assert change.value == pytest.approx(gain.mean())
    assert change.high - change.low < 0.1


def test_the_interval_is_that_of_resampled_patients() -> None:
    patients = np.repeat(np.arange(8), 5)
    difference = RNG.normal(0, 1, 8)[patients] + RNG.normal(0, 0.1, 40)
    change = paired_change(difference, np.zeros(40), draw_slices(patients.tolist()))
    assert change is not None
    wanted = bootstrap_interval(
        lambda drawn: float(difference[drawn].mean()),
        patients,
        np.random.default_rng(0),
        resamples=2000,
    )
    assert (change.low, change.high) == pytest.approx(wanted, rel=1e-9)


def test_slices_of_one_patient_are_resampled_in_blocks() -> None:
    draws = draw_slices([7] * 35)
    assert (np.diff(draws.owner) >= 0).all()
    assert sorted(np.bincount(draws.owner)) == [3] * 5 + [4] * 5


def test_slices_without_a_value_are_left_out() -> None:
    method, before = np.arange(6.0) + 1, np.arange(6.0)
    method[0], before[5] = np.nan, np.nan
    change = paired_change(method, before, draw_slices([0] * 6))
    assert change is not None
    assert (change.value, change.n) == (1.0, 4)


@pytest.mark.parametrize(
    ("known", "patients"), [(2, [0] * 6), (3, [0, 0, 0, 1, 1, 1])], ids=["few", "one patient"]
)
def test_too_little_gives_no_interval(known: int, patients: list[int]) -> None:
    values = np.full(6, np.nan)
    values[:known] = 1.0
    assert paired_change(values, np.zeros(6), draw_slices(patients)) is None


def test_an_infinite_value_gives_no_warning() -> None:
    infinite = np.full(4, np.inf)
    assert paired_change(infinite, infinite, draw_slices([0] * 4)) is None
