"""Size-specific dose against the tables of AAPM 204, and the figure of merit."""

from __future__ import annotations

import pickle

import pytest

from ctiqa.errors import UsageError
from ctiqa.physics import (
    NotMeasurableError,
    Unmeasured,
    figure_of_merit,
    size_specific_dose,
)

DIAMETERS_CM = (8, 16, 20, 24, 28, 32, 36, 40, 45)
TABLES = {
    32: (2.76, 2.06, 1.78, 1.53, 1.32, 1.14, 0.99, 0.85, 0.71),
    16: (1.38, 1.01, 0.86, 0.74, 0.63, 0.54, 0.47, 0.40, 0.33),
}
"""Conversion factors of AAPM 204, tables 1D and 2D."""


@pytest.mark.parametrize("phantom_cm", [16, 32])
def test_factors_are_those_of_the_report(phantom_cm: int) -> None:
    found = [size_specific_dose(1.0, phantom_cm, 10 * d) for d in DIAMETERS_CM]
    assert found == pytest.approx(TABLES[phantom_cm], abs=0.0051)


def test_dose_is_proportional_and_the_phantom_matters() -> None:
    assert size_specific_dose(12.0, 32, 300) == pytest.approx(12 * size_specific_dose(1, 32, 300))
    assert 1.9 < size_specific_dose(10, 32, 240) / size_specific_dose(10, 16, 240) < 2.2


@pytest.mark.parametrize(
    ("phantom_cm", "diameter_mm", "reason"),
    [
        (None, 240, Unmeasured.PHANTOM_UNKNOWN),
        (32, 79, Unmeasured.SIZE_OUT_OF_RANGE),
        (32, 451, Unmeasured.SIZE_OUT_OF_RANGE),
        (16, 59, Unmeasured.SIZE_OUT_OF_RANGE),
        (16, 551, Unmeasured.SIZE_OUT_OF_RANGE),
        (32, float("nan"), Unmeasured.SIZE_OUT_OF_RANGE),
    ],
)
def test_refused_with_a_reason(
    phantom_cm: float | None, diameter_mm: float, reason: Unmeasured
) -> None:
    with pytest.raises(NotMeasurableError) as error:
        size_specific_dose(10.0, phantom_cm, diameter_mm)
    assert error.value.reason is reason
    assert pickle.loads(pickle.dumps(error.value)).reason is reason  # noqa: S301 - our own


@pytest.mark.parametrize(("phantom_cm", "ends_mm"), [(32, (80, 450)), (16, (60, 550))])
def test_the_ends_of_the_range_are_inside(phantom_cm: int, ends_mm: tuple[float, float]) -> None:
    small, large = (size_specific_dose(10.0, phantom_cm, d) for d in ends_mm)
    assert small > large > 0


@pytest.mark.parametrize("ctdivol_mgy", [0.0, -1.0, float("nan"), float("inf")])
def test_dose_must_be_positive(ctdivol_mgy: float) -> None:
    with pytest.raises(UsageError, match="'ctdivol_mgy' must be > 0"):
        size_specific_dose(ctdivol_mgy, 32, 240)
    with pytest.raises(UsageError, match="'ctdivol_mgy' must be > 0"):
        figure_of_merit(10, ctdivol_mgy)


def test_another_phantom_is_an_error() -> None:
    with pytest.raises(UsageError, match="'phantom_cm' must be 16 or 32, got 10"):
        size_specific_dose(10, 10, 240)


def test_figure_of_merit_does_not_depend_on_dose() -> None:
    """Four times the dose, half the noise."""
    assert figure_of_merit(20, 5) == pytest.approx(figure_of_merit(10, 20)) == pytest.approx(5e-4)
    assert figure_of_merit(10, 5) > figure_of_merit(12, 5)


def test_figure_of_merit_needs_noise() -> None:
    with pytest.raises(UsageError, match="'noise_hu' must be > 0, got 0"):
        figure_of_merit(0, 5)
