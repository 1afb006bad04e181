"""No-reference noise: level and spectrum."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from ctiqa.errors import UsageError
from ctiqa.metrics.no_reference.noise import (
    global_noise_level,
    local_deviation,
    noise_power_spectrum,
)

Image = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

SIDE, SPACING = 256, 0.7
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
BODY = np.hypot(X, Y) < 110


def _ct_noise(half_per_mm: float, rng: np.random.Generator) -> Floats:
    """Grainy noise of SD 1 with the spectrum of a reconstruction, f·W(f)², made without one."""
    f = np.hypot(np.fft.fftfreq(SIDE, SPACING)[:, None], np.fft.fftfreq(SIDE, SPACING)[None])
    amplitude = np.sqrt(f) * np.exp2(-((f / half_per_mm) ** 2))
    white = rng.standard_normal((SIDE, SIDE))
    noise = np.fft.ifft2(np.fft.fft2(white) * amplitude).real
    return np.asarray(noise / noise.std())


def _structure(rng: np.random.Generator) -> Floats:
    """Vessels, bones and gas: 25 small discs from −100 to +700 HU."""
    hu = np.zeros((SIDE, SIDE))
    for _ in range(25):
        x, y = rng.uniform(-70, 70, 2)
        hu[np.hypot(X - x, Y - y) < rng.uniform(3, 9)] += rng.choice([-100, 60, 300, 700])
    return hu


@pytest.mark.parametrize("texture", ["white", "standard", "soft"])
@pytest.mark.parametrize("structured", [False, True], ids=["plain", "structured"])
@pytest.mark.parametrize("noise_hu", [3.0, 10.0, 30.0, 60.0, 100.0])
def test_known_noise_is_found(noise_hu: float, structured: bool, texture: str) -> None:
    """From excellent to useless, with and without anatomy, the level is correct to 10 %."""
    rng = np.random.default_rng(int(noise_hu))
    hu = np.where(BODY, 40.0, -1000.0)
    if structured:
        hu = hu + _structure(rng)
    half = {"soft": 0.32, "standard": 0.45}
    white = texture == "white"
    noise = rng.standard_normal(hu.shape) if white else _ct_noise(half[texture], rng)
    found = global_noise_level((hu + noise_hu * noise).astype(np.float32))
    assert found == pytest.approx(noise_hu, rel=0.10)


def test_level_is_that_of_soft_tissue_not_of_lung_or_air() -> None:
    """Lung is twice as noisy and fills half of the patient, but must not count."""
    rng = np.random.default_rng(0)
    lung = BODY & (X < 10)
    sd = np.where(lung, 40.0, 15.0)
    hu = np.where(lung, -850.0, np.where(BODY, 40.0, -1000.0)) + sd * rng.standard_normal(X.shape)
    assert global_noise_level(hu.astype(np.float32)) == pytest.approx(15, rel=0.10)


def test_a_quiet_tenth_is_found_among_mottle() -> None:
    """Liver at 5 HU in one tenth, texture of every SD from 10 to 80 HU elsewhere."""
    across = np.broadcast_to(np.linspace(0, 1, SIDE), (SIDE, SIDE))
    sd = np.where(across < 0.1, 5.0, 10 + 70 * (across - 0.1) / 0.9)
    hu = 40 + sd * np.random.default_rng(0).standard_normal(sd.shape)
    assert global_noise_level(hu.astype(np.float32)) == pytest.approx(5, rel=0.10)


@pytest.mark.parametrize("tissue_hu", [-1000.0, -850.0, 900.0], ids=["air", "lung", "bone"])
def test_no_soft_tissue_no_level(tissue_hu: float) -> None:
    noise = np.random.default_rng(0).normal(tissue_hu, 10, (64, 64))
    assert math.isnan(global_noise_level(noise.astype(np.float32)))


def test_a_sliver_of_soft_tissue_is_not_enough() -> None:
    hu = np.full((64, 64), -1000, dtype=np.float32)
    hu[30:36] = 40
    assert math.isnan(global_noise_level(hu))


def test_level_ignores_position() -> None:
    rng = np.random.default_rng(0)
    hu = (np.where(BODY, 40, -1000) + 12 * rng.standard_normal(X.shape)).astype(np.float32)
    level = global_noise_level(hu)
    for moved in (hu[::-1], hu[:, ::-1], hu.T, np.roll(hu, 10, axis=1)):
        assert global_noise_level(moved) == pytest.approx(level, rel=0.06)  # a bin of the histogram


@pytest.mark.parametrize("size", [3, 5, 9])
def test_local_deviation_is_the_population_sd_of_the_patch(size: int) -> None:
    image = np.random.default_rng(0).normal(-900, 30, (32, 32)).astype(np.float32)
    reach = size // 2
    patch = image[16 - reach : 17 + reach, 12 - reach : 13 + reach].astype(np.float64)
    assert float(local_deviation(image, size)[16, 12]) == pytest.approx(patch.std(), rel=1e-5)


# -- power spectrum


def test_white_noise_has_a_flat_spectrum() -> None:
    """σ²·ΔxΔy at every frequency, except the plane that is taken out."""
    rois = np.random.default_rng(0).normal(40, 12, (200, 32, 32))
    nps = noise_power_spectrum(rois, (0.5, 0.8))
    rows, cols = np.meshgrid(np.fft.fftfreq(32), np.fft.fftfreq(32), indexing="ij")
    fast = (np.abs(rows) > 0.1) & (np.abs(cols) > 0.1)
    expected = 144 * 0.5 * 0.8
    assert float(nps[fast].mean()) == pytest.approx(expected, rel=0.01)
    assert float(nps[fast].std()) < 0.1 * expected


def test_integral_is_the_variance() -> None:
    """Σ NPS·ΔuΔv = σ² for coloured noise and pixels that are not square."""
    rng = np.random.default_rng(1)
    rois = np.stack([ndimage.gaussian_filter(rng.normal(0, 30, (48, 64)), 1) for _ in range(40)])
    nps = noise_power_spectrum(rois, (0.5, 0.8))
    integral = nps.sum() / (48 * 0.5) / (64 * 0.8)
    assert integral == pytest.approx(rois.var(), rel=0.03)


def test_a_wave_shows_at_its_frequency() -> None:
    """A cosine of amplitude A has variance A²/2, all of it at ±its frequency along its axis."""
    row = np.arange(32)[:, None] * np.ones((1, 32))
    wave = 10 * np.cos(2 * np.pi * 8 / 32 * row)
    nps = noise_power_spectrum(wave[None], (0.5, 0.5))
    assert divmod(int(nps.argmax()), 32) in {(8, 0), (24, 0)}
    at_wave = nps[8, 0] + nps[24, 0]
    assert at_wave / (32 * 0.5) ** 2 == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_spectrum_grows_with_the_square_of_the_noise(scale: float) -> None:
    rois = np.random.default_rng(2).normal(0, 5, (4, 16, 16))
    one, other = noise_power_spectrum(rois, (1, 1)), noise_power_spectrum(scale * rois, (1, 1))
    assert other == pytest.approx(scale**2 * one)


def test_a_ramp_of_brightness_is_not_noise() -> None:
    """Cupping or a wedge across a region is trend: level and slope are taken out."""
    rng = np.random.default_rng(3)
    rois = rng.normal(0, 5, (4, 16, 16))
    row, col = np.mgrid[:16, :16]
    tilted = rois + 40 + 3.0 * row - 2.0 * col
    assert noise_power_spectrum(tilted, (1, 1)) == pytest.approx(
        noise_power_spectrum(rois, (1, 1)), abs=1e-9
    )


@pytest.mark.parametrize("shape", [(16, 16), (1, 2, 16, 16)])
def test_regions_must_be_a_stack(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"'rois' must be \[n, rows, cols\], got shape"):
        noise_power_spectrum(np.zeros(shape), (1.0, 1.0))
