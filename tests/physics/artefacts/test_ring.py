"""Rings around the isocentre."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage
from tests.physics.phantoms import Disc, Image, grid, rms

from ctiqa.errors import UsageError
from ctiqa.physics import GainError, measure
from ctiqa.physics.artefacts.ring import gain_error_lines, ring
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL

SHAPE, SPACING = (192, 160), (0.8, 0.96)
X, Y = grid(SHAPE, SPACING)
RADIUS = np.hypot(X, Y)
AIR = measure(np.full(SHAPE, -1000, np.float32), SPACING, n_views=720)


def _around(image: Image, radius_mm: float) -> npt.NDArray[np.float32]:
    """The image at 180 points of a circle around the isocentre."""
    angle = np.deg2rad(np.arange(0, 360, 2))
    row = radius_mm * np.sin(angle) / SPACING[0] + (SHAPE[0] - 1) / 2
    col = radius_mm * np.cos(angle) / SPACING[1] + (SHAPE[1] - 1) / 2
    return np.asarray(ndimage.map_coordinates(image, [row, col], order=3), dtype=np.float32)


def _profile(image: Image) -> npt.NDArray[np.float64]:
    """Mean around the isocentre at every half millimetre."""
    return np.array([_around(image, r).mean() for r in np.arange(0, 70, 0.5)], dtype=np.float64)


def test_a_band_is_radially_symmetric() -> None:
    image = ring(AIR, [GainError(30, 2.0, width_mm=12)])
    peak = np.abs(_profile(image)).max()
    for radius in (12, 25, 30, 35, 50):
        assert _around(image, radius).std() < 0.02 * peak


@pytest.mark.parametrize("offset_mm", [-55.0, -21.0, 34.0, 60.0])
def test_one_column_makes_one_ring_at_its_distance(offset_mm: float) -> None:
    image = ring(AIR, [GainError(offset_mm, -1.0)])
    column = AIR.scan.offsets_mm[np.abs(AIR.scan.offsets_mm - offset_mm).argmin()]
    radius = abs(column) / math.hypot(1, column / AIR.scan.source_to_iso_mm)
    assert np.arange(0, 70, 0.5)[_profile(image).argmax()] == pytest.approx(radius, abs=0.6)


def test_reading_too_much_makes_a_dark_ring_and_too_little_a_bright_one() -> None:
    dark, bright = (_profile(ring(AIR, [GainError(40, gain)])) for gain in (1.0, -1.0))
    assert dark[80] < -1
    assert bright[80] > 1


def test_the_slice_does_not_matter() -> None:
    """−ln(I(1+g)/I₀) − p is −ln(1+g) whatever p is."""
    water = (1000 * Disc(0, 0, 60).image(SHAPE, SPACING) - 1000).astype(np.float32)
    errors = [GainError(20, 1.5), GainError(-42, -0.7, width_mm=5)]
    patient = measure(water, SPACING, n_views=720)
    assert np.array_equal(ring(AIR, errors), ring(patient, errors))


def test_rings_of_several_errors_add_up() -> None:
    errors = [GainError(20, 1.5), GainError(-42, -0.7, width_mm=5), GainError(20.1, 0.4)]
    together = ring(AIR, errors)
    assert together == pytest.approx(sum(ring(AIR, [each]) for each in errors), abs=1e-3)


def test_a_sharp_kernel_shows_rings_more() -> None:
    errors = [GainError(30, 1.0)]
    images = [
        rms(ring(measure(AIR.hu, SPACING, kernel, n_views=240), errors))
        for kernel in (SOFT_KERNEL, SHARP_KERNEL)
    ]
    assert images[1] > 1.3 * images[0]


def test_no_error_no_ring() -> None:
    assert not ring(AIR, []).any()
    assert not ring(AIR, [GainError(10, 0.0)]).any()


def test_gain_worked_by_hand() -> None:
    """A band of 8 pitches follows cos² of the distance: 1 at the centre, ½ at a quarter width."""
    offsets = AIR.scan.offsets_mm
    lines = gain_error_lines(AIR.scan, [GainError(offsets[50], -10.0, width_mm=4.8)])
    assert lines[50] == pytest.approx(-math.log(0.9))
    assert lines[[48, 52]] == pytest.approx(-math.log(0.95))
    assert lines[[46, 54]] == pytest.approx(0, abs=1e-12)
    assert np.count_nonzero(np.abs(lines) > 1e-9) == 7


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"gain_percent": 100.0}, r"'gain_percent' must be in \(-100, 100\), got 100.0"),
        ({"gain_percent": math.nan}, "'gain_percent' must be .* got nan"),
        ({"width_mm": -1.0}, "'width_mm' must be >= 0, got -1.0"),
        ({"offset_mm": math.inf, "width_mm": -1.0}, "'offset_mm' must be finite.*'width_mm'"),
    ],
)
def test_impossible_gains_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GainError(**{"offset_mm": 0.0, "gain_percent": 1.0, **values})


def test_a_column_beyond_the_detector_is_refused() -> None:
    with pytest.raises(UsageError, match=r"must lie on the detector, -.* mm, got 500"):
        ring(AIR, [GainError(500, 1.0)])
