"""Noise at a dose, in the projections and in the image."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import STEADY, Disc, Image, f32, grid

from ctiqa.errors import UsageError
from ctiqa.physics import (
    FanBeam,
    NoiseModel,
    hu_to_mu,
    insert_noise,
    mu_to_hu,
    noise_variance,
    project,
    reconstruct,
    simulate_low_dose,
)
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL

SHAPE, SPACING, VIEWS, PHOTONS = (128, 128), (1.4, 1.4), 360, 2.0e4
X, Y = grid(SHAPE, SPACING)
WATER = (1000 * Disc(0, 0, 80).image(SHAPE, SPACING) - 1000).astype(np.float32)
INSIDE = np.hypot(X, Y) < 56


@pytest.mark.parametrize(
    ("p", "dose", "photons", "electronic", "by_hand"),
    [
        # ¾/¼ · 2/1000 = 0.006; the bracket is 1 + (5/4)/(1/4) · 100 · 2/1000 = 2.
        (math.log(2), 0.25, 1000.0, 100.0, 0.012),
        # ½/½ · 1/100 = 0.01; the bracket is 1 + 3 · 10/100 = 1.3.
        (0.0, 0.5, 100.0, 10.0, 0.013),
        # Without electronics only the first factor: 9 · 4/10⁴.
        (math.log(4), 0.1, 1.0e4, 0.0, 0.0036),
        (3.0, 1.0, 100.0, 50.0, 0.0),
    ],
)
def test_variance_worked_by_hand(
    p: float, dose: float, photons: float, electronic: float, by_hand: float
) -> None:
    variance = noise_variance(f32(p), dose, photons, electronic)
    assert variance.item() == pytest.approx(by_hand, rel=1e-5)


def _measured(
    p: float, photons: float, electronic: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Line integrals as a detector measures them: Poisson counts plus electronic noise."""
    counts = rng.poisson(photons * math.exp(-p), 300_000)
    signal = counts + math.sqrt(electronic) * rng.standard_normal(counts.size)
    return np.asarray(-np.log(signal / photons))


@pytest.mark.parametrize(
    ("p", "dose", "electronic"), [(1.0, 0.1, 0.0), (1.0, 0.1, 100.0), (3.0, 0.3, 50.0)]
)
def test_inserted_noise_equals_a_real_scan_at_that_dose(
    p: float, dose: float, electronic: float
) -> None:
    """Counting photons is the truth: full dose plus insertion has the variance of a low dose."""
    rng = np.random.default_rng(0)
    full = _measured(p, PHOTONS, electronic, rng)
    low = _measured(p, PHOTONS * dose, electronic, rng)
    made = insert_noise(full.astype(np.float32)[None], dose, PHOTONS, rng, electronic)
    assert float(made.var(dtype=np.float64)) == pytest.approx(float(low.var()), rel=0.02)
    assert float(made.mean(dtype=np.float64)) == pytest.approx(p, abs=0.005)


@pytest.mark.parametrize("dose", [0.5, 0.25, 0.1, 0.02])
def test_variance_in_projections_is_inverse_to_dose(dose: float) -> None:
    """Half the photons, twice the variance: own 1/N plus inserted makes 1/(aN)."""
    rng = np.random.default_rng(1)
    full = _measured(1.0, 1.0e6, 0.0, rng)
    made = insert_noise(full.astype(np.float32)[None], dose, 1.0e6, rng)
    assert made.var(dtype=np.float64) * dose == pytest.approx(full.var(), rel=0.05)


def _low_dose_ratio(dose: float) -> float:
    """Image variance at a dose, times the dose, over the variance at full dose."""
    scan = FanBeam.covering(SHAPE, SPACING, n_views=VIEWS)
    true_lines = project(hu_to_mu(WATER), SPACING, scan).astype(np.float64)
    rng = np.random.default_rng(2)
    full, low = [], []
    for _ in range(3):
        counts = rng.poisson(PHOTONS * np.exp(-true_lines))
        sinogram = (-np.log(counts / PHOTONS)).astype(np.float32)
        image = mu_to_hu(reconstruct(sinogram, scan, SHAPE, SPACING, STANDARD_KERNEL))
        model = NoiseModel(photons=PHOTONS)
        lower = simulate_low_dose(image, SPACING, dose, rng, model=model, n_views=VIEWS)
        full.append(float(image[INSIDE].var(dtype=np.float64)))
        low.append(float(lower[INSIDE].var(dtype=np.float64)))
    return dose * float(np.mean(low)) / float(np.mean(full))


@pytest.mark.parametrize("dose", [0.5, 0.1])
def test_variance_in_the_image_is_inverse_to_dose(dose: float) -> None:
    """A slice whose own noise came from counted photons gets 1/a of its variance at dose a."""
    assert _low_dose_ratio(dose) == pytest.approx(1.0, abs=0.05)


def _added(dose: float = 0.1, *, model: NoiseModel | None = None, seed: int = 0) -> Image:
    rng = np.random.default_rng(seed)
    low = simulate_low_dose(
        WATER, SPACING, dose, rng, model=model or NoiseModel(photons=PHOTONS), n_views=120
    )
    return np.asarray(low - WATER, dtype=np.float32)


def test_same_draw_scales_with_dose() -> None:
    """One draw at two doses differs by √((1−a)/a) at every pixel, nothing else."""
    half, tenth = _added(0.5), _added(0.1)
    assert tenth[INSIDE] == pytest.approx(3 * half[INSIDE], abs=0.02)


def test_full_dose_is_the_identity() -> None:
    assert np.array_equal(
        simulate_low_dose(WATER, SPACING, 1.0, np.random.default_rng(0), n_views=8), WATER
    )
    lines = f32(0.5, 2.0, 7.0, 0.0)
    assert np.array_equal(insert_noise(lines, 1.0, 100.0, np.random.default_rng(0), 50.0), lines)


def test_added_noise_has_no_mean() -> None:
    """Noise must not shift CT numbers: its mean is far below its spread."""
    change = _added()[INSIDE]
    assert abs(float(change.mean())) < 0.05 * float(change.std())


def test_noise_is_strongest_where_most_tissue_is_crossed() -> None:
    """Every ray through the middle crosses the whole patient; few through the edge do."""
    change, radius = _added(), np.hypot(X, Y)
    middle, edge = change[radius < 25], change[(radius > 65) & (radius < 78)]
    assert middle.std() > 1.2 * edge.std()


def test_electronic_noise_adds_and_counts_most_behind_thick_tissue() -> None:
    plain = _added()
    noisy = _added(model=NoiseModel(photons=PHOTONS, electronic_variance=200.0))
    radius = np.hypot(X, Y)
    middle, edge = radius < 25, (radius > 65) & (radius < 78)
    growth = {name: noisy[m].std() / plain[m].std() for name, m in (("in", middle), ("out", edge))}
    assert growth["in"] > growth["out"] > 1.0
    assert growth["in"] > 1.1


def test_noise_has_the_texture_of_the_kernel() -> None:
    soft, sharp = (
        _added(model=NoiseModel(photons=PHOTONS, kernel=k)) for k in (SOFT_KERNEL, SHARP_KERNEL)
    )
    assert sharp[INSIDE].std() > 1.5 * soft[INSIDE].std()


def test_same_seed_same_noise() -> None:
    assert np.array_equal(_added(seed=3), _added(seed=3))
    assert not np.array_equal(_added(seed=3), _added(seed=4))


@STEADY
@given(st.floats(0, 8), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 100))
def test_two_cuts_equal_one(p: float, first: float, second: float, electronic: float) -> None:
    """Dose a and then b of that is dose a·b: variances add, photons and electronics included."""
    lines = f32(p)
    once = noise_variance(lines, first * second, 1.0e4, electronic)
    # The second cut starts from first·N₀ photons.
    twice = noise_variance(lines, first, 1.0e4, electronic)
    twice = twice + noise_variance(lines, second, first * 1.0e4, electronic)
    assert once.item() == pytest.approx(twice.item(), rel=1e-6)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"dose": 0.0}, r"'dose' must be in \(0, 1\], a fraction of full dose, got 0"),
        ({"dose": 1.2}, r"'dose' must be in \(0, 1\].*got 1\.2"),
        ({"dose": math.nan}, r"'dose' must be in \(0, 1\].*got nan"),
        ({"photons": 0.0}, r"'photons' must be > 0 per ray, got 0"),
        ({"electronic_variance": -1.0}, r"'electronic_variance' must be >= 0, got -1"),
        ({"electronic_variance": math.nan}, r"'electronic_variance' must be >= 0, got nan"),
    ],
)
def test_impossible_scans_are_refused(facts: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        noise_variance(np.zeros((1, 1), np.float32), **({"dose": 0.5, "photons": 1.0e4} | facts))
