"""Reconstruction against the object itself and against scikit-image's iradon."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import BLOBS, DISTANT_MM, MU_WATER, STEADY, Disc, grid

from ctiqa.errors import UsageError
from ctiqa.physics import FanBeam, Kernel, hu_to_mu, mu_to_hu, project, reconstruct
from ctiqa.physics.fbp import ramp
from ctiqa.physics.kernels import STANDARD_KERNEL

WATER = Disc(0, 0, 90)
SHAPE, SPACING = (128, 128), (2.0, 2.0)
X, Y = grid(SHAPE, SPACING)
INSIDE = WATER.holds(X, Y, margin_mm=10)
AIR_RING = (np.hypot(X, Y) > 100) & (np.hypot(X, Y) < 120)


@pytest.mark.parametrize("kernel", [None, STANDARD_KERNEL], ids=["ramp", "standard"])
@pytest.mark.parametrize("views", [180, 720])
def test_water_disc_from_exact_projections(kernel: Kernel | None, views: int) -> None:
    """From line integrals by formula every pixel of water is 0 HU: no offset, no cupping."""
    scan = FanBeam.covering(SHAPE, SPACING, n_views=views, pitch_mm=1.0)
    sinogram = (WATER.chords_mm(scan) * MU_WATER).astype(np.float32)
    hu = mu_to_hu(reconstruct(sinogram, scan, SHAPE, SPACING, kernel))
    assert np.abs(hu[INSIDE]).max() < 1.0
    assert float(hu[AIR_RING].mean()) == pytest.approx(-1000, abs=5)


def test_water_disc_through_projector_and_back() -> None:
    """The whole chain, pixels included, keeps water within 5 HU at every pixel."""
    scan = FanBeam.covering(SHAPE, SPACING, n_views=720, pitch_mm=1.0)
    sinogram = project(WATER.image(SHAPE, SPACING) * np.float32(MU_WATER), SPACING, scan)
    hu = mu_to_hu(reconstruct(sinogram, scan, SHAPE, SPACING))
    assert np.abs(hu[INSIDE]).max() < 5
    assert np.abs(hu[AIR_RING] + 1000).max() < 8


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [((128, 128), (1.4, 1.4)), ((180, 128), (1.0, 1.4)), ((127, 129), (1.4, 1.4))],
    ids=["square", "non-square-pixels", "odd-matrix"],
)
@pytest.mark.parametrize(
    ("value_hu", "x_mm", "y_mm"), [(200.0, 30.0, -20.0), (-150.0, -25.0, 35.0)]
)
def test_insert_keeps_value_and_place(
    value_hu: float,
    x_mm: float,
    y_mm: float,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
) -> None:
    """An insert comes back with its CT number, where it was: not mirrored, turned or shifted."""
    x, y = grid(shape, spacing_mm)
    insert = Disc(x_mm, y_mm, 8)
    hu = 1000 * Disc(0, 0, 70).image(shape, spacing_mm) - 1000
    hu += value_hu * insert.image(shape, spacing_mm)
    scan = FanBeam.covering(shape, spacing_mm, n_views=360, pitch_mm=0.7)
    sinogram = project(hu_to_mu(hu), spacing_mm, scan)
    found = mu_to_hu(reconstruct(sinogram, scan, shape, spacing_mm, STANDARD_KERNEL))
    assert float(found[insert.holds(x, y, margin_mm=3)].mean()) == pytest.approx(value_hu, abs=2)
    for mirrored in (Disc(-x_mm, y_mm, 5), Disc(x_mm, -y_mm, 5), Disc(-x_mm, -y_mm, 5)):
        assert float(found[mirrored.holds(x, y)].mean()) == pytest.approx(0, abs=2)
    weight = np.maximum(found / value_hu - 0.3, 0) * (np.hypot(x, y) < 60)
    place = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
    assert place == pytest.approx((x_mm, y_mm), abs=0.2)


def test_parallel_beam_equals_scikit_image_iradon() -> None:
    """Both reconstruct the same, correct image from the same exact projections."""
    from skimage.transform import iradon

    x, y = grid((129, 129), (1.0, 1.0))
    truth = np.sum([blob.image(x, y) for blob in BLOBS], axis=0)
    scan = FanBeam(360, 260, pitch_mm=0.6, source_to_iso_mm=DISTANT_MM)
    fan = np.sum([b.projection(scan.angles_rad, scan.offsets_mm) for b in BLOBS], axis=0)
    ours = reconstruct(fan.astype(np.float32), scan, (129, 129), (1.0, 1.0))
    half_turn, offsets = np.arange(180) * (math.pi / 180), np.arange(129) - 64.0
    lines = np.sum([b.projection(-half_turn, offsets) for b in BLOBS], axis=0)
    theirs = iradon(lines.T, theta=np.rad2deg(half_turn), circle=True)  # type: ignore[no-untyped-call]
    inside = np.hypot(x, y) < 55
    assert np.abs(ours - truth)[inside].max() < 0.003
    assert np.abs(ours - theirs)[inside].max() < 0.005


def test_ramp_is_the_absolute_frequency() -> None:
    """|f| up to Nyquist; at zero the small positive value of its finite support, not 0."""
    n, pitch = 512, 0.6
    response, frequency = ramp(n, pitch), np.fft.rfftfreq(n, pitch)
    assert response[1:] == pytest.approx(frequency[1:], abs=0.003 / pitch)
    assert response[0] == pytest.approx(2 / (math.pi**2 * n * pitch), rel=0.01)


@pytest.mark.parametrize("n", [1024, 1025, 1000, 729, 1026, 1023])
def test_ramp_samples_follow_ramachandran(n: int) -> None:
    """1/4τ² in the middle, −1/(πkτ)² at odd k, 0 at even k (1971), for any transform length."""
    samples = np.fft.irfft(ramp(n, 0.5) / 0.5, n=n)
    k = np.arange(1, n // 2 + 1)
    expected = np.where(k % 2 == 1, -4 / (math.pi * k) ** 2, 0.0)
    assert samples[0] == pytest.approx(1.0)
    assert samples[k] == pytest.approx(expected, abs=1e-9)
    assert samples[-k] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shape", [(64, 64), (65, 65), (64, 65), (65, 64), (63, 40), (40, 63)])
def test_measured_circle_is_centred(shape: tuple[int, int]) -> None:
    """What is reconstructed is symmetric about the isocentre for even and odd matrices alike."""
    scan = FanBeam.covering(shape, (1.0, 1.0), n_views=8)
    sinogram = np.ones((scan.n_views, scan.n_detectors), np.float32)
    seen = reconstruct(sinogram, scan, shape, (1.0, 1.0)) != 0
    assert np.array_equal(seen, seen[:, ::-1])
    assert np.array_equal(seen, seen[::-1])
    circle = math.pi / 4 * min(shape) ** 2
    assert seen.sum() == pytest.approx(circle, rel=0.06)


def test_sinogram_must_have_the_geometry() -> None:
    scan = FanBeam(4, 8)
    with pytest.raises(UsageError, match=r"\[views, detectors\] = \(4, 8\), got \(8, 4\)"):
        reconstruct(np.zeros((8, 4), np.float32), scan, (8, 8), (1.0, 1.0))


SMALL = FanBeam(8, 40, pitch_mm=1.0, source_to_iso_mm=60.0)


def _noise(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((8, 40), dtype=np.float32)


@STEADY
@given(st.integers(0, 999), st.floats(-5, 5))
def test_reconstruction_is_linear(seed: int, factor: float) -> None:
    """What the noise insertion rests on: image + FBP(noise) = FBP(projections + noise)."""
    one, other = _noise(seed), _noise(seed + 1000)
    both = (one + np.float32(factor) * other).astype(np.float32)
    parts = reconstruct(one, SMALL, (24, 24), (1.0, 1.0))
    parts = parts + factor * reconstruct(other, SMALL, (24, 24), (1.0, 1.0))
    assert reconstruct(both, SMALL, (24, 24), (1.0, 1.0)) == pytest.approx(parts, abs=1e-4)


@STEADY
@given(st.integers(0, 999))
def test_shifting_the_views_turns_the_image(seed: int) -> None:
    """Two of eight views later, the image is only rotated by 90°."""
    sinogram = _noise(seed)
    straight = reconstruct(sinogram, SMALL, (24, 24), (1.0, 1.0))
    turned = reconstruct(np.roll(sinogram, -2, axis=0), SMALL, (24, 24), (1.0, 1.0))
    inside = np.hypot(*grid((24, 24), (1.0, 1.0))) < 11
    assert turned[inside] == pytest.approx(np.rot90(straight)[inside], abs=1e-5)
