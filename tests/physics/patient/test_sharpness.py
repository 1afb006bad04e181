"""Sharpness at the skin against point spread functions that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage
from tests.physics.patient.made import AIR, Ellipse, Floats, disc, noise, painted, stored

from ctiqa.physics import Kernel, NotMeasurableError, Unmeasured, edge_sharpness
from ctiqa.physics.kernels import (
    SHARP_KERNEL,
    SOFT_KERNEL,
    STANDARD_KERNEL,
    filter_radially,
    radial_frequency,
)

SIDE = 512


def f50_of_gaussian(sigma_mm: float) -> float:
    """exp(−2π²σ²f²) = ½."""
    return math.sqrt(math.log(2) / 2) / (math.pi * sigma_mm)


def patient(spacing_mm: float, sigma_mm: float, *, skin: bool = True) -> Floats:
    """An ellipse of muscle and fat under 1.5 mm of skin."""
    a, b = 0.42 * SIDE * spacing_mm, 0.3 * SIDE * spacing_mm
    layers = [Ellipse(40, a, b), Ellipse(-100, a - 1.5, b - 1.5), Ellipse(50, a - 20, b - 20)]
    parts = layers if skin else layers[:1]
    return painted(parts, SIDE, spacing_mm, sigma_mm=sigma_mm)


@pytest.mark.parametrize("spacing_mm", [0.5, 0.7, 0.95])
@pytest.mark.parametrize("sigma_mm", [0.45, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("skin", [False, True], ids=["muscle", "skin and fat"])
def test_known_point_spread(spacing_mm: float, sigma_mm: float, skin: bool) -> None:
    hu = stored(patient(spacing_mm, sigma_mm, skin=skin))
    found = edge_sharpness(hu, (spacing_mm, spacing_mm))
    # Fat under the skin reaches into the outer half of an edge as wide as the skin is thick.
    wide = skin and sigma_mm == 1.0
    # Few pixels resolve an edge near the Nyquist frequency.
    fine = f50_of_gaussian(sigma_mm) > 0.75 * 0.5 / spacing_mm
    tolerance = 0.09 if wide or fine else 0.05
    assert found.f50_per_mm == pytest.approx(f50_of_gaussian(sigma_mm), rel=tolerance)


def test_whole_transfer_function() -> None:
    found = edge_sharpness(stored(patient(0.7, 0.6, skin=False)), (0.7, 0.7))
    expected = np.exp(-2 * (np.pi * 0.6 * found.frequency_per_mm) ** 2)
    assert found.mtf[0] == pytest.approx(1)
    assert np.abs(found.mtf - expected).max() < 0.03
    assert found.profiles > 100


@pytest.mark.parametrize("level_hu", [5.0, 10.0, 20.0])
def test_noise_costs_little(level_hu: float) -> None:
    made = noise((SIDE, SIDE), 0.7, STANDARD_KERNEL, np.random.default_rng(0))
    hu = stored(patient(0.7, 0.6) + level_hu * made)
    assert edge_sharpness(hu, (0.7, 0.7)).f50_per_mm == pytest.approx(
        f50_of_gaussian(0.6), rel=0.05 if level_hu <= 10 else 0.10
    )


@pytest.mark.parametrize(
    "kernel", [SOFT_KERNEL, STANDARD_KERNEL, SHARP_KERNEL], ids=["soft", "standard", "sharp"]
)
def test_kernels_with_undershoot(kernel: Kernel) -> None:
    """A sharp kernel takes the air beside the skin below -1024, where it is clipped."""
    hu = patient(0.7, 0.35, skin=False).astype(np.float32)
    frequency = radial_frequency(hu.shape, (0.7, 0.7))
    f = np.linspace(0, 1.5, 3000)
    mtf = kernel.weight(f) * np.exp(-2 * (np.pi * 0.35 * f) ** 2)
    expected = float(f[np.flatnonzero(mtf < 0.5)[0]])
    found = edge_sharpness(stored(filter_radially(hu, kernel.weight(frequency))), (0.7, 0.7))
    assert found.f50_per_mm == pytest.approx(expected, rel=0.05)


def test_skin_oblique_to_the_slice_does_not_count() -> None:
    """The right half is blurred as by a thick slice through a slope; the left tells the truth."""
    hu = patient(0.7, 0.6)
    hu[:, SIDE // 2 :] = ndimage.gaussian_filter(hu, 2.5)[:, SIDE // 2 :]
    assert edge_sharpness(stored(hu), (0.7, 0.7)).f50_per_mm == pytest.approx(
        f50_of_gaussian(0.6), rel=0.06
    )


def test_couch_blanket_and_cables_do_not_count() -> None:
    hu = patient(0.7, 0.6)
    inside = hu > -999
    bottom = int(np.flatnonzero(inside.any(axis=1))[-1])
    hu[bottom + 1 : bottom + 3] = 150  # a couch that touches
    near = ndimage.binary_dilation(inside, iterations=6) & ~inside
    near[:, : SIDE // 2] = False
    hu[near] = -880  # a blanket over the right half
    hu[20:23, 20:23] = 900
    made = noise((SIDE, SIDE), 0.7, STANDARD_KERNEL, np.random.default_rng(0))
    assert edge_sharpness(stored(hu + 5 * made), (0.7, 0.7)).f50_per_mm == pytest.approx(
        f50_of_gaussian(0.6), rel=0.05
    )


def test_pixels_need_not_be_square() -> None:
    hu = stored(patient(0.5, 0.8))[::2]
    assert edge_sharpness(hu, (1.0, 0.5)).f50_per_mm == pytest.approx(
        f50_of_gaussian(0.8), rel=0.05
    )


def wrapped() -> Floats:
    hu = patient(0.7, 0.6)
    inside = hu > -999
    hu[ndimage.binary_dilation(inside, iterations=12) & ~inside] = -850
    return hu


def square() -> Floats:
    hu = np.full((SIDE, SIDE), AIR)
    hu[100:400, 100:400] = 40
    return np.asarray(ndimage.gaussian_filter(hu, 1.0))


def noisy() -> Floats:
    return patient(0.7, 0.6) + 50 * np.random.default_rng(0).standard_normal((SIDE, SIDE))


@pytest.mark.parametrize(
    ("hu", "detail"),
    [
        (wrapped(), "cross smooth skin that borders on air, fewer than"),
        (disc(12, 40, side=SIDE, spacing_mm=0.7), "cross smooth skin"),
        (np.full((SIDE, SIDE), 40.0), "0 profiles"),
        (noisy(), "of noise, more than 25 HU"),
        (np.where(patient(0.7, 0.6) > -500, 40.0, AIR), "cross smooth skin"),
        (square(), "the skin runs along the pixels"),
    ],
    ids=["wrapped", "finger", "no air", "noisy", "without blur", "square"],
)
def test_too_little_edge(hu: Floats, detail: str) -> None:
    with pytest.raises(NotMeasurableError, match=detail) as error:
        edge_sharpness(stored(hu), (0.7, 0.7))
    assert error.value.reason is Unmeasured.NO_EDGE
