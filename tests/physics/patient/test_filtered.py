"""Filters that spare edges are recognised by what they do to noise; kernels and doses are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage
from skimage.restoration import denoise_bilateral, denoise_tv_chambolle
from tests.physics.patient.made import Floats, Image, anatomy, disc, noise, stored
from tests.physics.patient.test_quantum import example

from ctiqa.physics import NoiseModel, NotMeasurableError, Unmeasured, find_body, simulate_low_dose
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL
from ctiqa.physics.patient.filtered import is_filtered, is_too_quiet, noise_texture
from ctiqa.physics.patient.tissue import patches

SIDE, SPACING = 320, 1.0
PIXEL = (SPACING, SPACING)
EXAMPLE_PIXEL = (0.646, 0.646)


def median(hu: Floats) -> Floats:
    return np.asarray(ndimage.median_filter(hu, 5))


def total_variation(hu: Floats) -> Floats:
    denoise: Callable[..., Floats] = denoise_tv_chambolle
    return 400 * denoise(hu / 400, weight=0.06, max_num_iter=15)


def bilateral(hu: Floats) -> Floats:
    denoise: Callable[..., Floats] = denoise_bilateral
    return 4096 * denoise(hu / 4096, win_size=7, sigma_color=45 / 4096, sigma_spatial=2.0)


FILTERS: dict[str, Callable[[Floats], Floats]] = {
    "median": median,
    "total variation": total_variation,
    "bilateral": bilateral,
}


@pytest.fixture(scope="module")
def trunk() -> Floats:
    return anatomy(np.random.default_rng(0), SIDE, SPACING)


@pytest.fixture(scope="module")
def chest() -> Image:
    return example()


@pytest.mark.parametrize("kernel", [SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL])
@pytest.mark.parametrize("level_hu", [10.0, 40.0])
def test_reconstructions_are_not_filtered(trunk: Floats, kernel: object, level_hu: float) -> None:
    made = noise(trunk.shape, SPACING, kernel, np.random.default_rng(1))  # type: ignore[arg-type]
    assert not is_filtered(stored(trunk + level_hu * made), PIXEL)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_recognised_with_anatomy(trunk: Floats, name: str) -> None:
    made = noise(trunk.shape, SPACING, STANDARD_KERNEL, np.random.default_rng(2))
    assert is_filtered(stored(FILTERS[name](trunk + 20 * made)), PIXEL)


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_recognised_on_the_example(chest: Image, name: str) -> None:
    assert not is_filtered(chest, EXAMPLE_PIXEL)
    assert is_filtered(stored(FILTERS[name](chest.astype(np.float64))), EXAMPLE_PIXEL)


def test_less_dose_is_no_filter(chest: Image) -> None:
    rng = np.random.default_rng(3)
    low = simulate_low_dose(chest, EXAMPLE_PIXEL, 0.25, rng, model=NoiseModel(2e5), n_views=360)
    assert not is_filtered(low, EXAMPLE_PIXEL)


def test_gaussian_noise_is_regular() -> None:
    made = noise((SIDE, SIDE), SPACING, STANDARD_KERNEL, np.random.default_rng(4))
    hu = stored(disc(120, 40, side=SIDE, spacing_mm=SPACING) + 15 * made)
    found = noise_texture(patches(hu, find_body(hu)), PIXEL)
    assert found.kurtosis == pytest.approx(3, abs=0.25)
    assert abs(found.coupling) < 0.25
    assert abs(found.irregularity) < 0.5


def test_no_noise_is_a_sign_of_a_filter() -> None:
    assert is_filtered(stored(disc(120, 40, side=SIDE, spacing_mm=SPACING)), PIXEL)


def test_less_noise_than_any_dose_explains() -> None:
    """A Gaussian leaves noise regular; only its level gives it away."""
    made = noise((SIDE, SIDE), SPACING, SOFT_KERNEL, np.random.default_rng(5))
    large = disc(150, 0, side=SIDE, spacing_mm=SPACING)
    assert is_filtered(stored(large + 1.5 * made), PIXEL)
    assert not is_filtered(stored(large + 8 * made), PIXEL)


def test_quietest_noise_grows_with_the_body() -> None:
    assert is_too_quiet(2.0, 350)
    assert not is_too_quiet(2.0, 180)
    assert not is_too_quiet(2.0, None)
    assert is_too_quiet(0.1, None)


def test_nothing_is_claimed_where_it_cannot_be_measured(chest: Image) -> None:
    large = (1.37, 1.37)
    assert not is_filtered(stored(median(chest.astype(np.float64))), large)
    assert not is_filtered(np.full((SIDE, SIDE), -1000, np.float32), PIXEL)
    with pytest.raises(NotMeasurableError) as caught:
        noise_texture(patches(chest, find_body(chest)), large)
    assert caught.value.reason is Unmeasured.NO_SPACING
