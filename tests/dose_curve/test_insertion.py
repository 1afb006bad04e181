"""The noise that is inserted: its level, texture, growth with falling dose, and what stays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.dose_curve.made import SPACING_MM, body

from ctiqa.dose_curve.insertion import LowDoseNoise, Tissue, low_dose_noise, tube_current
from ctiqa.physics import Kernel, NotMeasurableError, hu_to_mu, measure, project, quantum_noise
from ctiqa.physics.geometry import FanBeam
from ctiqa.physics.kernels import SOFT_KERNEL, STANDARD_KERNEL

pytest.importorskip("numba")

LEVEL = 12.0


@pytest.fixture(scope="module")
def noise() -> LowDoseNoise:
    return low_dose_noise(body(LEVEL), SPACING_MM, np.random.default_rng(1), draws=3)


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("dose", [0.5, 0.25, 0.1])
def test_the_noise_of_the_slice_grows_with_one_over_the_square_root_of_dose(
    noise: LowDoseNoise, dose: float
) -> None:
    level = quantum_noise(noise.at(dose, 0), SPACING_MM).level_hu
    assert level == pytest.approx(LEVEL / math.sqrt(dose), rel=0.1)


def test_the_inserted_variance_is_the_difference(noise: LowDoseNoise) -> None:
    tissue = Tissue.of(noise.hu)
    added = noise.at(0.25, 1) - noise.hu
    level = tissue.noise_in(added, SPACING_MM).level_hu
    assert level == pytest.approx(noise.level_hu * math.sqrt(3), rel=0.05)


@pytest.mark.parametrize("kernel", [SOFT_KERNEL, STANDARD_KERNEL])
def test_the_texture_is_that_of_the_slice(kernel: Kernel) -> None:
    made = low_dose_noise(body(LEVEL, kernel), SPACING_MM, rng())
    tissue = Tissue.of(made.hu)
    own, inserted = (tissue.noise_in(each, SPACING_MM) for each in (made.hu, made.quantum[0]))
    assert inserted.mean_per_mm == pytest.approx(own.mean_per_mm, abs=0.01)
    # The two kernels can be told apart by far more than this.
    assert abs(own.mean_per_mm - kernel_mean(kernel)) < 0.02


def kernel_mean(kernel: Kernel) -> float:
    """Mean frequency of f·W(f)², up to the Nyquist frequency."""
    f = np.linspace(0, 0.5 / SPACING_MM[0], 500)
    power = f * kernel.weight(f) ** 2
    return float((f * power).sum() / power.sum())


def test_at_full_dose_the_slice_is_unchanged(noise: LowDoseNoise) -> None:
    assert (noise.at(1.0, 0) == noise.hu).all()


def test_structure_stays(noise: LowDoseNoise) -> None:
    added = np.mean([noise.at(0.25, draw) - noise.hu for draw in range(3)], axis=0)
    organ, tissue = added[120:135, 85:100], added[120:135, 130:145]
    # 225 pixels of noise of 12 HU: a change of contrast would be far larger than 3 HU.
    assert abs(organ.mean() - tissue.mean()) < 3


def test_draws_are_independent_and_have_the_same_level(noise: LowDoseNoise) -> None:
    inside = noise.hu > -300
    one, two = (each[inside] for each in noise.quantum[:2])
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.1
    assert one.std() == pytest.approx(two.std(), rel=0.1)
    assert not (noise.at(0.5, 0) == noise.at(0.5, 1)).all()


def test_the_same_generator_gives_the_same_noise() -> None:
    first, second = (low_dose_noise(body(), SPACING_MM, rng()).at(0.25, 0) for _ in range(2))
    assert (first == second).all()


def test_electronic_noise_grows_faster() -> None:
    made = low_dose_noise(body(LEVEL), SPACING_MM, rng(), electronic_share=0.3)
    tissue = Tissue.of(made.hu)
    level = tissue.noise_in(made.at(0.25, 0) - made.hu, SPACING_MM).level_hu
    expected = 0.7 * (4 - 1) + 0.3 * (16 - 1)
    assert level == pytest.approx(made.level_hu * math.sqrt(expected), rel=0.1)


def test_no_pixel_is_below_padding(noise: LowDoseNoise) -> None:
    assert noise.at(0.01, 0).min() == -1024


def test_a_slice_without_noise_cannot_be_extrapolated() -> None:
    with pytest.raises(NotMeasurableError):
        low_dose_noise(body(0.0), SPACING_MM, rng())


def test_the_tube_current_follows_the_attenuation() -> None:
    rows, cols = np.mgrid[-64:64, -64:64]
    wide = np.where(np.hypot(rows / 30, cols / 55) < 1, 0.0, -1000.0).astype(np.float32)
    scan = FanBeam.covering((128, 128), (3.0, 3.0), n_views=4)
    current = tube_current(project(hu_to_mu(wide), (3.0, 3.0), scan))[:, 0]
    # Views 0 and 2 look along the short axis, 1 and 3 along the long one.
    assert current[1] == pytest.approx(1.0, abs=0.02)
    path_mm = 2 * 3.0 * (55 - 30)
    assert current[0] == pytest.approx(math.exp(-0.0193 * path_mm / 2), rel=0.1)


def test_modulation_makes_noise_less_directional() -> None:
    hu = body(LEVEL)
    rays = measure(hu, SPACING_MM)
    constant = np.exp(rays.sinogram / 2)
    modulated = constant / np.sqrt(tube_current(rays.sinogram))
    means = [each.mean(axis=1) for each in (constant, modulated)]
    excess = [float(views.max() / views.min()) - 1 for views in means]
    assert excess[1] < 0.5 * excess[0]
