"""Quantum noise against noise of known level and spectrum, with and without anatomy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from tests.physics.patient.made import AIR, Floats, Image, anatomy, disc, noise, stored

import ctiqa
from ctiqa.errors import UsageError
from ctiqa.io.formats import read_here
from ctiqa.metrics import global_noise_level
from ctiqa.physics import (
    Kernel,
    NoiseModel,
    NotMeasurableError,
    Unmeasured,
    quantum_noise,
    simulate_low_dose,
)
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL

SIDE, SPACING = 320, 1.0
PIXEL = (SPACING, SPACING)
FINE = 0.7
KERNELS = {"soft": SOFT_KERNEL, "standard": STANDARD_KERNEL, "sharp": SHARP_KERNEL}


@pytest.fixture(scope="module")
def trunk() -> Floats:
    return anatomy(np.random.default_rng(0), SIDE, SPACING)


def expected(kernel: Kernel, spacing_mm: float) -> tuple[float, float]:
    """Peak and mean frequency of f·W(f)² up to the Nyquist frequency."""
    f = np.linspace(0, 0.5 / spacing_mm, 1000)
    power = f * kernel.weight(f) ** 2
    return float(f[power.argmax()]), float((f * power).sum() / power.sum())


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("level_hu", [3.0, 15.0, 60.0])
def test_level_and_spectrum_in_uniform_tissue(name: str, level_hu: float) -> None:
    rng = np.random.default_rng(1)
    tissue = disc(100, 40, side=SIDE, spacing_mm=FINE)
    made = noise(tissue.shape, FINE, KERNELS[name], rng)
    found = quantum_noise(stored(tissue + level_hu * made), (FINE, FINE))
    peak, mean = expected(KERNELS[name], FINE)
    assert found.level_hu == pytest.approx(level_hu, rel=0.08)
    assert found.mean_per_mm == pytest.approx(mean, abs=0.03)
    assert found.peak_per_mm == pytest.approx(peak, abs=0.08)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("level_hu", [8.0, 15.0, 40.0])
def test_anatomy_does_not_count(trunk: Floats, name: str, level_hu: float) -> None:
    rng = np.random.default_rng(2)
    made = noise(trunk.shape, SPACING, KERNELS[name], rng)
    found = quantum_noise(stored(trunk + level_hu * made), PIXEL)
    assert found.level_hu == pytest.approx(level_hu, rel=0.15)
    assert found.mean_per_mm == pytest.approx(expected(KERNELS[name], SPACING)[1], abs=0.04)


def test_white_noise() -> None:
    """Nothing like a reconstruction, but the level holds."""
    made = noise((SIDE, SIDE), FINE, None, np.random.default_rng(3))
    found = quantum_noise(
        stored(disc(100, 40, side=SIDE, spacing_mm=FINE) + 20 * made), (FINE, FINE)
    )
    assert found.level_hu == pytest.approx(20, rel=0.08)


def test_spectrum_has_the_variance_of_the_level() -> None:
    """2π∫f·NPS df = σ², up to the corners beyond the Nyquist frequency."""
    made = noise((SIDE, SIDE), FINE, SOFT_KERNEL, np.random.default_rng(4))
    found = quantum_noise(
        stored(disc(100, 40, side=SIDE, spacing_mm=FINE) + 20 * made), (FINE, FINE)
    )
    f, power = found.frequency_per_mm, found.power
    assert f[0] == power[0] == 0
    variance = 2 * np.pi * float(np.trapezoid(f * power, f))
    assert variance == pytest.approx(found.level_hu**2, rel=0.06)
    assert f[power.argmax()] == found.peak_per_mm


@pytest.mark.parametrize("dose", [0.5, 0.25, 0.1])
def test_simulated_dose_on_anatomy(trunk: Floats, dose: float) -> None:
    """At dose d of a noiseless trunk the noise is ∝ √(1/d − 1): known exactly, by simulation."""
    model = NoiseModel(photons=4.0e5)
    low, high = (
        simulate_low_dose(
            trunk.astype(np.float32), PIXEL, d, np.random.default_rng(5), model=model, n_views=360
        )
        for d in (dose, dose / 4)
    )
    ratio = quantum_noise(high, PIXEL).level_hu / quantum_noise(low, PIXEL).level_hu
    assert ratio == pytest.approx(np.sqrt((4 / dose - 1) / (1 / dose - 1)), rel=0.08)


def example() -> Image:
    folder = Path(ctiqa.__file__).parent / "assets" / "example"
    scan = ctiqa.read_scans(folder).scans[0]
    return read_here(scan.headers[5]).hu


def test_quarter_dose_of_a_real_slice_doubles_the_noise() -> None:
    """The real chest, smoothed until it holds no noise of its own: structure without noise."""
    spacing = (0.646484375 * 2, 0.646484375 * 2)
    chest = ndimage.gaussian_filter(example(), 2.5)[::2, ::2]
    model = NoiseModel(photons=1.0e5, kernel=SOFT_KERNEL)
    noisy = {
        dose: simulate_low_dose(
            chest, spacing, dose, np.random.default_rng(6), model=model, n_views=360
        )
        for dose in (1 / 2, 1 / 5)  # noise ∝ √(1/dose − 1): 1 and 2
    }
    found = {dose: quantum_noise(hu, spacing).level_hu for dose, hu in noisy.items()}
    assert found[1 / 5] / found[1 / 2] == pytest.approx(2, rel=0.10)
    # What it is for: the deviation in patches of the same slices grows much less.
    local = {dose: global_noise_level(hu) for dose, hu in noisy.items()}
    assert local[1 / 5] / local[1 / 2] < found[1 / 5] / found[1 / 2]


def test_streaks_do_not_count(trunk: Floats) -> None:
    """Rays of ±60 HU from metal in the spine, over a third of the trunk."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    angle = np.arctan2(y - 60, x)
    streaks = 60 * np.sign(np.sin(60 * angle)) * (np.cos(3 * angle) > 0.5) * (trunk > -500)
    made = 10 * noise(trunk.shape, SPACING, STANDARD_KERNEL, np.random.default_rng(10))
    clean, streaky = (
        quantum_noise(stored(trunk + made + each), PIXEL).level_hu for each in (0, streaks)
    )
    assert streaky == pytest.approx(clean, rel=0.15)


def test_a_part_without_any_noise_does_not_count(trunk: Floats) -> None:
    """Such as outside the circle of a reconstruction, or where a face was removed."""
    made = 10 * noise(trunk.shape, SPACING, STANDARD_KERNEL, np.random.default_rng(11))
    made[:, :120] = 0
    assert quantum_noise(stored(trunk + made), PIXEL).level_hu == pytest.approx(10, rel=0.15)


def test_difference_of_neighbours_holds_less_anatomy(trunk: Floats) -> None:
    rng = np.random.default_rng(7)
    first, second = (
        stored(trunk + 5 * noise(trunk.shape, SPACING, SOFT_KERNEL, rng)) for _ in range(2)
    )
    alone = quantum_noise(first, PIXEL).level_hu
    both = quantum_noise(first, PIXEL, neighbour=second).level_hu
    assert both == pytest.approx(5, rel=0.08)
    assert abs(both - 5) <= abs(alone - 5)


def test_level_scales_with_the_image_and_ignores_its_place() -> None:
    tissue = disc(100, 40, side=SIDE, spacing_mm=FINE)
    made = noise(tissue.shape, FINE, STANDARD_KERNEL, np.random.default_rng(8))
    one = quantum_noise((tissue + 10 * made).astype(np.float32), (FINE, FINE)).level_hu
    for other in (-10 * made, (10 * made)[:, ::-1], (10 * made).T):
        moved = quantum_noise((tissue + other).astype(np.float32), (FINE, FINE)).level_hu
        assert moved == pytest.approx(one, rel=0.05)


def uneven() -> Floats:
    """Noise from 0.01 to 1000 HU across an arm: no level is more frequent than another."""
    arm = disc(24, 40, side=SIDE, spacing_mm=FINE)
    across = (np.arange(SIDE) - SIDE / 2) * FINE
    level = 10.0 ** (0.5 + 2.5 * np.clip(across / 20, -1, 1))
    return np.asarray(arm + level * np.random.default_rng(9).standard_normal(arm.shape))


@pytest.mark.parametrize(
    ("hu", "reason"),
    [
        (np.full((SIDE, SIDE), AIR), Unmeasured.NO_BODY),
        (disc(100, 900, side=SIDE, spacing_mm=FINE), Unmeasured.NO_TISSUE),
        (disc(12, 40, side=SIDE, spacing_mm=FINE), Unmeasured.NO_TISSUE),
        (np.where(disc(100, side=SIDE, spacing_mm=FINE) > -500, 40, AIR), Unmeasured.NO_NOISE),
        (uneven(), Unmeasured.NO_UNIFORM_TISSUE),
    ],
    ids=["air", "bone", "finger", "without noise", "uneven"],
)
def test_reasons(hu: Floats, reason: Unmeasured) -> None:
    with pytest.raises(NotMeasurableError) as error:
        quantum_noise(hu.astype(np.float32), (FINE, FINE))
    assert error.value.reason is reason


def test_neighbour_of_another_shape() -> None:
    hu = stored(disc(100, 40))
    with pytest.raises(UsageError, match=r"'neighbour' must have the shape of 'hu', \(256, 256\)"):
        quantum_noise(hu, PIXEL, neighbour=hu[1:])
