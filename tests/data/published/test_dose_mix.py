"""Doses mixed, pixels rounded, cropped and scaled: the authors' computation and its correction."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.collection import patient_slice

from ctiqa.data.published.dose_mix import (
    mix_doses,
    noise_share,
    shen_low_dose,
    unit_range,
    whole_hu,
)
from ctiqa.errors import UsageError
from ctiqa.physics import NoiseModel
from ctiqa.recipe.data import Mode
from ctiqa.types import HuImage

MODES: tuple[Mode, Mode] = ("as-published", "corrected")

low_doses = st.floats(0.01, 0.9)


def noise(rng: np.random.Generator, sd: float, shape: tuple[int, int] = (128, 128)) -> HuImage:
    return rng.normal(0, sd, shape).astype(np.float32)


def pair(low_dose: float, seed: int = 0) -> tuple[HuImage, HuImage]:
    """A uniform noise-free slice, and low-dose noise of 10 HU per dose level."""
    full = np.full((128, 128), 40, np.float32)
    low = full + noise(np.random.default_rng(seed), 10 * math.sqrt(1 / low_dose - 1))
    return full, low


Whole = npt.NDArray[np.int32]


def authors_mix(low: Whole, full: Whole, dose: float) -> Whole:
    """DistilIQA's formula with its cast; it returns the images themselves at their doses."""
    if dose in (0.10, 1.0):
        return low if dose == 0.10 else full
    factor = math.sqrt((1 / dose - 1) / 3)
    return np.asarray(full + factor * (low - full)).astype(np.int32)


@pytest.mark.parametrize("dose", [0.1, 0.5, 0.75, 1.0])
def test_as_published_matches_the_authors_code(dose: float) -> None:
    rng = np.random.default_rng(1)
    full = rng.integers(-1024, 1500, (64, 64), dtype=np.int32)
    low = full + rng.integers(-200, 200, (64, 64), dtype=np.int32)
    mixed = mix_doses(
        full.astype(np.float32), low.astype(np.float32), dose, low_dose=0.1, mode="as-published"
    )
    np.testing.assert_array_equal(whole_hu(mixed, "as-published"), authors_mix(low, full, dose))


def test_the_worked_example_of_half_a_dose() -> None:
    full, low = np.array([[-100, 40]], np.float32), np.array([[-160, 79]], np.float32)
    published = mix_doses(full, low, 0.5, low_dose=0.1, mode="as-published")
    # √(1/3) = 0.57735: −100 − 34.64 and 40 + 22.52, cut off.
    assert whole_hu(published, "as-published").tolist() == [[-134, 62]]
    # √(1/9) = 1/3: −100 − 20 and 40 + 13.
    assert whole_hu(mix_doses(full, low, 0.5, low_dose=0.1)).tolist() == [[-120, 53]]


@given(low_doses)
def test_the_ends_are_the_images_themselves(low_dose: float) -> None:
    rng = np.random.default_rng(2)
    full, low = noise(rng, 300, (8, 8)), noise(rng, 300, (8, 8))
    np.testing.assert_array_equal(mix_doses(full, low, low_dose, low_dose=low_dose), low)
    np.testing.assert_array_equal(mix_doses(full, low, 1.0, low_dose=low_dose), full)


@given(low_doses, st.floats(0, 1))
def test_the_share_grows_as_the_dose_falls(low_dose: float, between: float) -> None:
    dose = low_dose + between * (1 - low_dose)
    share = noise_share(dose, low_dose)
    assert 0 <= share <= 1 + 1e-9
    assert share <= noise_share(low_dose, low_dose)


@given(st.floats(0.25, 1))
def test_at_a_quarter_dose_both_modes_agree(dose: float) -> None:
    assert noise_share(dose, 0.25) == noise_share(dose, 0.25, "as-published")


@pytest.mark.parametrize("low_dose", [0.1, 0.25])
@pytest.mark.parametrize("dose", [0.5, 0.75])
def test_corrected_noise_is_that_of_the_dose(low_dose: float, dose: float) -> None:
    full, low = pair(low_dose)
    added = mix_doses(full, low, dose, low_dose=low_dose) - full
    assert added.std() == pytest.approx(10 * math.sqrt(1 / dose - 1), rel=0.02)


def test_the_constant_makes_half_a_dose_a_quarter() -> None:
    full, low = pair(0.1)
    added = mix_doses(full, low, 0.5, low_dose=0.1, mode="as-published") - full
    # Said to be 50 %, has the added variance 100·(1/D − 1) of D = 25 %: √3 too much noise.
    assert 1 / (1 + (added.std() / 10) ** 2) == pytest.approx(0.25, abs=0.01)
    corrected = mix_doses(full, low, 0.5, low_dose=0.1) - full
    assert added.std() / corrected.std() == pytest.approx(math.sqrt(3), rel=1e-3)


@pytest.mark.parametrize("level", [40.0, -800.0])
def test_cutting_off_shifts_tissue_by_half_a_unit(level: float) -> None:
    hu = np.float32(level) + noise(np.random.default_rng(3), 12)
    errors = {mode: whole_hu(hu, mode) - hu for mode in MODES}
    assert errors["as-published"].mean() == pytest.approx(-math.copysign(0.5, level), abs=0.02)
    assert errors["corrected"].mean() == pytest.approx(0, abs=0.02)
    assert np.mean(errors["as-published"] ** 2) == pytest.approx(1 / 3, rel=0.05)
    assert np.mean(errors["corrected"] ** 2) == pytest.approx(1 / 12, rel=0.05)


@given(st.lists(st.integers(-1024, 3071), min_size=1))
def test_whole_numbers_stay(values: list[int]) -> None:
    for mode in MODES:
        assert whole_hu(np.array(values, np.float32), mode).tolist() == values


def test_low_dose_noise_follows_the_dose() -> None:
    hu = patient_slice(0, 128, noise_hu=0)
    quarter, tenth = (
        shen_low_dose(hu, (2.0, 2.0), np.random.default_rng(4), dose=dose, n_views=180) - hu
        for dose in (0.25, 0.1)
    )
    body = hu > -200
    assert quarter[body].mean() == pytest.approx(0, abs=2)
    # The variance goes with 1/dose − 1: 9 against 3.
    assert tenth[body].std() / quarter[body].std() == pytest.approx(math.sqrt(3), rel=1e-3)


def test_more_photons_make_less_noise() -> None:
    hu = patient_slice(0, 128, noise_hu=0)
    few, many = (
        shen_low_dose(
            hu, (2.0, 2.0), np.random.default_rng(5), model=NoiseModel(photons=n), n_views=90
        )
        for n in (1e5, 4e5)
    )
    assert np.std(few - hu) / np.std(many - hu) == pytest.approx(2, rel=1e-3)


def test_metal_squeezes_the_published_contrast_only() -> None:
    hu = patient_slice(1)
    hu = np.clip(hu, -1000, 400)
    hu[0, 0], hu[0, 1] = -1000, 400
    metal = hu.copy()
    metal[64, 64] = 3000
    elsewhere = np.ones(hu.shape, bool)
    elsewhere[64, 64] = False
    np.testing.assert_allclose(unit_range(hu), unit_range(hu, "as-published"), atol=1e-6)
    np.testing.assert_array_equal(unit_range(metal)[elsewhere], unit_range(hu)[elsewhere])
    squeezed = np.ptp(unit_range(metal, "as-published")[elsewhere])
    # 1400 HU of anatomy over 4000 HU of range.
    assert squeezed == pytest.approx(0.35, abs=1e-6)


@pytest.mark.parametrize(
    ("dose", "low_dose", "message"),
    [
        (0.05, 0.1, r"'dose' must be in \[0.1, 1\] and > 0, .* got 0.05"),
        (1.5, 0.1, "got 1.5"),
        (math.nan, 0.1, "got nan"),
        (0.5, 1.0, r"'low_dose' must be in \(0, 1\), .* got 1"),
        (0.5, 0.0, "'low_dose'"),
    ],
)
def test_doses_out_of_range_are_refused(dose: float, low_dose: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        noise_share(dose, low_dose)


def test_unlike_pairs_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'low' must have the shape of 'full', \(2, 2\)"):
        mix_doses(np.zeros((2, 2), np.float32), np.zeros((3, 2), np.float32), 0.5, low_dose=0.1)


def test_a_flat_image_cannot_be_stretched() -> None:
    with pytest.raises(UsageError, match="'hu' must hold different values"):
        unit_range(np.zeros((4, 4), np.float32), "as-published")
