"""Fan-beam geometry, and conversion of Hounsfield units."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import MU_WATER, STEADY, f32

from ctiqa.errors import UsageError
from ctiqa.physics import FanBeam, hu_to_mu, mu_to_hu


@pytest.mark.parametrize(
    ("hu", "mu"),
    [(-1000.0, 0.0), (0.0, MU_WATER), (1000.0, 2 * MU_WATER), (-500.0, MU_WATER / 2)],
)
def test_hounsfield_scale_is_anchored_in_air_and_water(hu: float, mu: float) -> None:
    assert hu_to_mu(f32(hu)).item() == pytest.approx(mu, abs=1e-8)
    assert mu_to_hu(f32(mu)).item() == pytest.approx(hu, abs=1e-3)


def test_nothing_attenuates_less_than_vacuum() -> None:
    """Padding of −1024 or −2000 HU must not become negative attenuation."""
    assert not hu_to_mu(f32(-1024, -2000, -1000)).any()


@STEADY
@given(st.floats(-1000, 3071))
def test_hounsfield_scale_and_back(hu: float) -> None:
    assert mu_to_hu(hu_to_mu(f32(hu))).item() == pytest.approx(hu, abs=1e-3)


@pytest.mark.parametrize("field", ["n_views", "n_detectors", "pitch_mm", "source_to_iso_mm"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_counts_and_lengths_must_be_positive(field: str, value: float) -> None:
    facts: dict[str, float] = {"n_views": 4, "n_detectors": 4, field: value}
    with pytest.raises(UsageError, match=f"'{field}' must be > 0, got {value}"):
        FanBeam(**facts)  # type: ignore[arg-type]  # the wrong values are the point


def test_patient_may_not_touch_the_tube() -> None:
    with pytest.raises(UsageError, match=r"must be < 1130 mm wide, got 1200 mm.*'spacing_mm'"):
        FanBeam.covering((600, 600), (2.0, 2.0), n_views=4)


@STEADY
@given(
    rows=st.integers(16, 1024),
    cols=st.integers(16, 1024),
    spacing=st.floats(0.2, 1.0),
    pitch=st.floats(0.3, 2.0),
)
def test_fan_covers_the_circle(rows: int, cols: int, spacing: float, pitch: float) -> None:
    """Every point of the reconstruction circle projects onto the detector."""
    scan = FanBeam.covering((rows, cols), (spacing, spacing), n_views=4, pitch_mm=pitch)
    radius, distance = max(rows, cols) * spacing / 2, scan.source_to_iso_mm
    around = np.linspace(0, 2 * np.pi, 720)
    shadow = radius * np.cos(around) * distance / (distance - radius * np.sin(around))
    assert scan.offsets_mm.min() <= shadow.min()
    assert scan.offsets_mm.max() >= shadow.max()
    assert scan.offsets_mm.max() - shadow.max() < 2.5 * pitch  # and no dose beside the patient


def test_quarter_shift_interleaves_opposite_views() -> None:
    """After half a rotation every ray lies between its neighbours: twice the sampling."""
    offsets = FanBeam(2, 50, pitch_mm=0.6).offsets_mm
    both = np.sort(np.concatenate([offsets, -offsets]))
    assert np.diff(both)[2:-2] == pytest.approx(0.3)


def test_views_go_once_round() -> None:
    angles = FanBeam(8, 4).angles_rad
    assert np.rad2deg(angles) == pytest.approx([0, 45, 90, 135, 180, 225, 270, 315])


def test_rays_get_longer_toward_the_edge_of_a_flat_detector() -> None:
    scan = FanBeam(1, 101, pitch_mm=6.0)
    assert scan.ray_length() ** 2 - scan.offsets_mm**2 == pytest.approx(595.0**2)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6, 12])
def test_every_keeps_the_rays_of_the_views_it_keeps(step: int) -> None:
    full = FanBeam(12, 8)
    kept = full.every(step)
    assert kept.angles_rad == pytest.approx(full.angles_rad[::step])
    assert np.array_equal(kept.offsets_mm, full.offsets_mm)


@pytest.mark.parametrize("step", [0, -2, 5, 24])
def test_every_refuses_views_that_would_not_be_even(step: int) -> None:
    with pytest.raises(UsageError, match=f"'step' must divide the 12 views, got {step}"):
        FanBeam(12, 8).every(step)
