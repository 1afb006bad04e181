"""Dose reserve from equivalent noise and quantum noise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiqa.errors import UsageError
from ctiqa.noise_scale import noise_of_score
from ctiqa.physics.reserve import dose_reserve, score_at_dose

noises = st.floats(1.0, 100.0)
targets = st.floats(0.5, 3.9)


@given(noises, noises, targets)
def test_at_the_reserve_the_score_is_the_target(
    equivalent: float, quantum: float, target: float
) -> None:
    dose = dose_reserve(equivalent, quantum, target)
    if dose is not None:
        assert score_at_dose(equivalent, quantum, dose) == pytest.approx(target, abs=1e-6)


@given(noises, noises, targets)
def test_more_dose_is_needed_exactly_where_the_score_is_below_the_target(
    equivalent: float, quantum: float, target: float
) -> None:
    dose = dose_reserve(equivalent, quantum, target)
    noise = noise_of_score(target)
    if abs(equivalent - noise) > 1e-6:
        assert (dose is None or dose > 1) is (equivalent > noise)


def test_pure_quantum_noise_scales_with_one_over_the_square_root_of_dose() -> None:
    assert dose_reserve(10.0, 10.0) == pytest.approx((10 / noise_of_score(3)) ** 2)


def test_structure_does_not_grow_when_dose_falls() -> None:
    # 25 HU, of which 20 are quantum noise: at half the dose √(25² + 20²).
    expected = 4 * math.log(105 / math.sqrt(625 + 400)) / math.log(105 / 16)
    assert score_at_dose(25.0, 20.0, 0.5) == pytest.approx(expected)
    assert score_at_dose(25.0, 25.0, 0.5) < expected


def test_the_score_is_clipped_to_its_scale() -> None:
    assert score_at_dose(5.0, 5.0, 10.0) == 4.0
    assert score_at_dose(50.0, 50.0, 0.01) == 0.0


def test_quantum_noise_measured_above_the_equivalent_noise_counts_as_the_whole() -> None:
    assert dose_reserve(10.0, 14.0) == dose_reserve(10.0, 10.0)
    assert score_at_dose(10.0, 14.0, 0.1) == score_at_dose(10.0, 10.0, 0.1)


def test_no_dose_helps_where_the_rest_alone_is_below_the_target() -> None:
    noise = noise_of_score(3)
    assert dose_reserve(math.hypot(noise, 5.0), 5.0) is None
    assert dose_reserve(math.hypot(0.9 * noise, 5.0), 5.0) is not None


def test_a_target_beyond_the_scale_is_a_noise_like_any_other() -> None:
    needed = [dose_reserve(10.0, 10.0, target) for target in (-0.5, 0.5, 3.5, 4.5)]
    assert needed == sorted(needed, key=lambda dose: dose or math.inf)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((0.0, 5.0), "'equivalent_noise_hu' must be > 0 HU, got 0"),
        ((10.0, -1.0), "'quantum_noise_hu' must be > 0 HU, got -1"),
        ((math.nan, 5.0), "'equivalent_noise_hu' must be > 0 HU, got nan"),
        ((10.0, 5.0, math.inf), "'target' must be a score, got inf"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: tuple[float, ...], rule: str) -> None:
    with pytest.raises(UsageError, match=rule):
        dose_reserve(*arguments)


def test_a_dose_of_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="'dose' must be > 0"):
        score_at_dose(10.0, 5.0, 0.0)
