"""Polychromatic beams: tables, beam hardening and water correction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import MU_WATER, STEADY, Disc, grid

from ctiqa.physics import FanBeam, reconstruct
from ctiqa.physics.kernels import STANDARD_KERNEL
from ctiqa.physics.spectrum import (
    BONE_PER_MM,
    DETECTED_SHARE,
    ENERGIES_KEV,
    METALS_PER_MM,
    WATER_PER_MM,
    effective_per_mm,
    hardened_lines,
    water_corrected,
)

SHAPE, SPACING = (128, 128), (2.0, 2.0)
X, Y = grid(SHAPE, SPACING)

NIST_CM2_PER_G = {
    "water": ([0.2683, 0.2059, 0.1837, 0.1707], 1.0, WATER_PER_MM),
    "bone": ([0.6655, 0.3148, 0.2229, 0.1855], 1.92, BONE_PER_MM),
    "titanium": ([2.214, 0.7661, 0.4052, 0.2721], 4.54, METALS_PER_MM["titanium"]),
}
"""µ/ρ of NISTIR 5632 at 40, 60, 80 and 100 keV, density in g/cm³, and the package's table."""


@pytest.mark.parametrize("material", NIST_CM2_PER_G)
def test_tables_are_those_of_nist(material: str) -> None:
    mass, density, per_mm = NIST_CM2_PER_G[material]
    assert list(ENERGIES_KEV) == [40.0, 60.0, 80.0, 100.0]
    assert per_mm * 10 / density == pytest.approx(mass, rel=1e-3)


def test_alloys_lie_near_their_main_metal() -> None:
    """Steel is heavier than iron by its nickel and molybdenum (NIST iron, 8.0 g/cm³)."""
    iron = np.array([3.629, 1.205, 0.5952, 0.3717]) * 0.80
    assert (METALS_PER_MM["steel"] / iron > 1).all()
    assert METALS_PER_MM["steel"] / iron == pytest.approx(1.05, abs=0.02)
    assert (METALS_PER_MM["cobalt_chrome"] > METALS_PER_MM["steel"]).all()
    # Above the K edge of mercury at 83 keV amalgam absorbs more again.
    assert METALS_PER_MM["amalgam"][3] > METALS_PER_MM["amalgam"][2]


def test_one_ray_worked_by_hand() -> None:
    by_hand = -math.log(
        0.202 * math.exp(-1.0052 - 2.683)
        + 0.408 * math.exp(-0.3478 - 2.059)
        + 0.224 * math.exp(-0.1840 - 1.837)
        + 0.166 * math.exp(-0.1235 - 1.707)
    )
    lines = hardened_lines(np.array([1.93]), np.array([1.0]), METALS_PER_MM["titanium"])
    assert lines[0] == pytest.approx(by_hand, rel=1e-9)
    assert float(DETECTED_SHARE.sum()) == pytest.approx(1.0)


@given(p=st.floats(0, 40))
@STEADY
def test_the_correction_undoes_the_hardening_of_water(p: float) -> None:
    raw = hardened_lines(np.array([p]), np.zeros(1), BONE_PER_MM)
    assert water_corrected(raw)[0] == pytest.approx(p, abs=1e-4)


@given(
    lengths=st.tuples(st.floats(0.1, 30), st.floats(0.1, 30)),
    material=st.sampled_from(["titanium", "steel", "cobalt_chrome"]),
)
@STEADY
def test_two_pieces_in_one_ray_read_less_than_one_by_one(
    lengths: tuple[float, float], material: str
) -> None:
    """The first insert removes the soft rays before the second: this causes streaks."""
    a, b, both = water_corrected(
        hardened_lines(np.zeros(3), np.array([*lengths, sum(lengths)]), METALS_PER_MM[material])
    )
    assert 0 < both < a + b
    assert both > max(a, b)


def test_thick_metal_does_not_overflow() -> None:
    lines = hardened_lines(np.array([10.0]), np.array([900.0]), METALS_PER_MM["amalgam"])
    assert np.isfinite(water_corrected(lines)).all()


def test_a_disc_of_water_has_cupping_before_and_none_after_the_correction() -> None:
    scan = FanBeam.covering(SHAPE, SPACING, n_views=240)
    truth = MU_WATER * Disc(0, 0, 100).chords_mm(scan)
    raw = hardened_lines(truth, np.zeros_like(truth), BONE_PER_MM)
    radius = np.hypot(X, Y)
    cupping = {}
    for name, lines in {"truth": truth, "raw": raw, "corrected": water_corrected(raw)}.items():
        image = reconstruct(lines.astype(np.float32), scan, SHAPE, SPACING, STANDARD_KERNEL)
        middle, edge = image[radius < 15].mean(), image[(radius > 85) & (radius < 93)].mean()
        cupping[name] = float(1 - middle / edge)
    assert cupping["raw"] > 0.02
    assert cupping["corrected"] == pytest.approx(cupping["truth"], abs=1e-4)


def test_bone_inside_a_patient_reads_between_its_values_at_60_and_80_kev() -> None:
    per_water = BONE_PER_MM / WATER_PER_MM
    assert per_water[2] < effective_per_mm(BONE_PER_MM) / MU_WATER < per_water[1]
    assert effective_per_mm(BONE_PER_MM, 300) < effective_per_mm(BONE_PER_MM, 100)
