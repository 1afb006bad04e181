"""Photon starvation: distribution of one ray, and streaks of many."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.physics.phantoms import MU_WATER, Image, grid, rms

from ctiqa.errors import UsageError
from ctiqa.physics import Beam, Ellipse, Kernel, measure, noise_variance, starve
from ctiqa.physics.artefacts.inserts import coverage
from ctiqa.physics.artefacts.starvation import counted_lines

SHAPE, SPACING = (112, 144), (3.0, 3.0)
X, Y = grid(SHAPE, SPACING)
SHOULDERS = measure(
    1000 * coverage((Ellipse(0, 0, 155, 75),), SHAPE, SPACING) - 1000, SPACING, n_views=480
)
INSIDE = np.hypot(X / 155, Y / 75) < 0.85


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def _noise(photons: float, electronic: float = 5.0) -> Image:
    return starve(SHOULDERS, Beam(photons, electronic), _rng())


@pytest.mark.parametrize("p", [0.0, 2.0, 5.0])
def test_many_counts_are_unbiased_and_as_noisy_as_the_model_of_dose(p: float) -> None:
    beam = Beam(1e6, electronic_sd_photons=30.0)
    lines = counted_lines(np.full(200_000, p), beam, _rng()).astype(np.float64)
    # Dose ½ adds the variance 1/N that a count of N has, here with electronics beside it.
    expected = math.exp(p) / 1e6 * (1 + 30.0**2 * math.exp(p) / 1e6)
    assert noise_variance(np.full((1, 1), p, np.float32), 0.5, 1e6)[0, 0] == pytest.approx(
        math.exp(p) / 1e6, rel=1e-5
    )
    assert lines.var() == pytest.approx(expected, rel=0.02)
    assert lines.mean() == pytest.approx(p, abs=5 * math.sqrt(expected / lines.size) + expected)


def test_few_counts_have_the_mean_of_the_clipped_poisson() -> None:
    """Against the sum over the Poisson distribution, zero counts read as one."""
    beam, p = Beam(1000.0, electronic_sd_photons=0.0), math.log(500)
    counts = np.arange(0, 60)
    exact = stats.poisson.pmf(counts, 2.0) @ -np.log(np.maximum(counts, 1) / 1000)
    lines = counted_lines(np.full(400_000, p), beam, _rng())
    assert float(lines.mean(dtype=np.float64)) == pytest.approx(exact, abs=0.005)
    assert abs(exact - p) > 0.05


def test_rays_without_photons_read_too_low() -> None:
    lines = counted_lines(np.full(100_000, 14.0), Beam(1e4, 2.0), _rng())
    assert float(lines.max()) <= math.log(1e4) + 1e-5
    assert float(lines.mean()) < 10


def test_streaks_run_along_the_long_axis() -> None:
    """Rays along x carry e^(p_x − p_y) times fewer photons; their noise varies along y.

    The kernel is soft enough for the pixels, or aliasing would hide directions.
    """
    soft = replace(SHOULDERS, kernel=Kernel(half_per_mm=0.07))
    noise = np.where(INSIDE, starve(soft, Beam(2e5), _rng()), 0)
    power = np.abs(np.fft.fft2(noise)) ** 2
    down = np.abs(np.fft.fftfreq(SHAPE[0]))[:, None]
    across = np.abs(np.fft.fftfreq(SHAPE[1]))[None]
    along_y = power[(down > 2 * across) & (down > 0.05)].mean()
    along_x = power[(across > 2 * down) & (across > 0.05)].mean()
    assert along_y > 5 * along_x


def test_long_paths_are_noisier() -> None:
    change = counted_lines(SHOULDERS.sinogram, Beam(1e6), _rng()) - SHOULDERS.sinogram
    long, short = SHOULDERS.sinogram > 5, SHOULDERS.sinogram < 2.5
    assert float(SHOULDERS.sinogram.max()) == pytest.approx(310 * MU_WATER, rel=0.02)
    assert rms(change[long]) > 4 * rms(change[short])


def test_the_image_is_unbiased_with_many_photons_and_dark_with_few() -> None:
    middle = np.hypot(X / 155, Y / 75) < 0.3
    assert abs(float(_noise(1e7)[middle].mean())) < 1
    assert float(_noise(300.0)[middle].mean()) < -20


def test_noise_grows_as_photons_fail_and_with_electronics() -> None:
    levels = [rms(_noise(n)[INSIDE]) for n in (1e7, 1e6, 1e5)]
    assert levels[1] == pytest.approx(math.sqrt(10) * levels[0], rel=0.1)
    assert levels[2] > 2 * levels[1]
    assert rms(_noise(1e5, 30.0)[INSIDE]) > 1.2 * rms(_noise(1e5, 0.0)[INSIDE])


def test_the_same_state_gives_the_same_bits() -> None:
    again = starve(SHOULDERS, Beam(1e5, 5.0), np.random.default_rng(6))
    assert np.array_equal(_noise(1e5), _noise(1e5))
    assert not np.array_equal(_noise(1e5), again)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"photons": 0.0}, r"'photons' must be in \[1, 1e12\], got 0.0"),
        ({"photons": math.nan}, "'photons' must be .* got nan"),
        ({"electronic_sd_photons": -1.0}, "'electronic_sd_photons' must be >= 0, got -1.0"),
        ({"floor_photons": 0.0}, "'floor_photons' must be > 0 and below 'photons', got 0.0"),
        ({"photons": 10.0, "floor_photons": 10.0}, "below 'photons', got 10.0"),
        ({"photons": -1.0, "electronic_sd_photons": -1.0}, "'photons'.*'electronic_sd_photons'"),
    ],
)
def test_impossible_beams_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Beam(**values)
