"""Projections cut at the edge of the detector."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from tests.physics.phantoms import MU_WATER, Disc, Image, grid

from ctiqa.errors import UsageError
from ctiqa.physics import FanBeam, MeasuredRays, Truncation, truncate
from ctiqa.physics.artefacts.truncation import Extrapolation, truncated_lines
from ctiqa.physics.kernels import STANDARD_KERNEL

SHAPE, SPACING = (128, 128), (2.0, 2.0)
X, Y = grid(SHAPE, SPACING)
RADIUS = np.hypot(X, Y)


def _disc(disc: Disc) -> MeasuredRays:
    scan = FanBeam.covering(SHAPE, SPACING, n_views=360)
    hu = (1000 * disc.image(SHAPE, SPACING) - 1000).astype(np.float32)
    lines = (MU_WATER * disc.chords_mm(scan)).astype(np.float32)
    return MeasuredRays(hu, SPACING, STANDARD_KERNEL, scan, lines)


NARROW, WIDE = _disc(Disc(10, -5, 60)), _disc(Disc(0, 0, 110))


def _ring_mean(image: Image, low: float, high: float) -> float:
    return float(image[(low <= RADIUS) & (high > RADIUS)].mean())


@pytest.mark.parametrize("extrapolation", get_args(Extrapolation))
def test_a_disc_within_the_field_stays_as_it_is(extrapolation: Extrapolation) -> None:
    assert not truncate(NARROW, Truncation(75, extrapolation)).any()


def test_a_disc_beyond_the_field_gets_cupping_and_a_bright_rim() -> None:
    added = truncate(WIDE, Truncation(80))
    middle, half, near, rim = (
        _ring_mean(added, *span) for span in ((0, 10), (40, 50), (60, 70), (76, 80))
    )
    assert 0 < middle < half < near < rim
    assert rim > 5 * middle
    assert rim > 500


@pytest.mark.parametrize(("extrapolation", "fade_mm"), [("constant", 40.0), ("cosine", 60.0)])
def test_going_on_beyond_the_field_takes_the_rim_away(
    extrapolation: Extrapolation, fade_mm: float
) -> None:
    bare = truncate(WIDE, Truncation(80))
    eased = truncate(WIDE, Truncation(80, extrapolation, fade_mm))
    assert abs(_ring_mean(eased, 70, 79)) < 0.4 * _ring_mean(bare, 70, 79)


def test_the_narrower_the_field_the_more_is_added() -> None:
    middles = [_ring_mean(truncate(WIDE, Truncation(r)), 0, 20) for r in (105, 90, 70, 50)]
    assert middles == sorted(middles)
    assert middles[-1] > 3 * middles[0] > 0


def test_lines_worked_by_hand() -> None:
    """Columns at −2.25 … 2.75 mm; a field of 1.5 mm keeps the three from −1.25 to 0.75."""
    scan = FanBeam(n_views=1, n_detectors=6, pitch_mm=1.0)
    lines = np.arange(1, 7, dtype=np.float32)[None]
    by_hand = {
        "zero": [0, 2, 3, 4, 0, 0],
        "constant": [2, 2, 3, 4, 4, 4],
        # Half faded after one of two millimetres, gone after both.
        "cosine": [1, 2, 3, 4, 2, 0],
    }
    for extrapolation in get_args(Extrapolation):
        cut = truncated_lines(lines, scan, Truncation(1.5, extrapolation, fade_mm=2.0))
        assert cut[0] == pytest.approx(by_hand[extrapolation], abs=1e-6)


def test_truncation_is_linear() -> None:
    field = Truncation(70, "cosine")
    double = MeasuredRays(WIDE.hu, SPACING, STANDARD_KERNEL, WIDE.scan, 2 * WIDE.sinogram)
    assert truncate(double, field) == pytest.approx(2 * truncate(WIDE, field), abs=0.05)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"field_radius_mm": 0.0}, "'field_radius_mm' must be > 0, got 0.0"),
        ({"field_radius_mm": math.nan}, "'field_radius_mm' must be > 0, got nan"),
        ({"extrapolation": "linear"}, "must be zero, constant or cosine, got 'linear'"),
        ({"fade_mm": 0.0, "field_radius_mm": -1.0}, "'field_radius_mm'.*'fade_mm' must be > 0"),
    ],
)
def test_impossible_fields_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Truncation(**{"field_radius_mm": 80.0, **values})


def test_a_field_without_columns_is_refused() -> None:
    with pytest.raises(UsageError, match=r"must hold two detector columns of 0\.6 mm, got 0\.1"):
        truncate(WIDE, Truncation(0.1))
