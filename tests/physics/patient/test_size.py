"""Water-equivalent and effective diameter against geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.physics.patient.made import AIR, Ellipse, disc, painted, stored

from ctiqa.physics import (
    NotMeasurableError,
    Unmeasured,
    effective_diameter,
    find_body,
    water_equivalent_diameter,
)

SIDE, SPACING = 256, 1.4
PIXEL = (SPACING, SPACING)


def water_mm(*ellipses: Ellipse) -> float:
    """Water-equivalent diameter of ellipses inside the first one."""
    first, *others = ellipses
    area = (first.hu / 1000 + 1) * first.a_mm * first.b_mm
    for each in others:
        area += (each.hu - first.hu) / 1000 * each.a_mm * each.b_mm
    return 2 * math.sqrt(area)


@pytest.mark.parametrize(("hu", "expected_cm"), [(0.0, 32.00), (120.0, 33.87), (-100.0, 30.36)])
@pytest.mark.parametrize(("side", "spacing_mm"), [(512, 0.7), (256, 1.4), (512, 0.98)])
def test_disc_of_32_cm(side: int, spacing_mm: float, hu: float, expected_cm: float) -> None:
    """32·√(1 + HU/1000) cm."""
    found = water_equivalent_diameter(
        stored(disc(160, hu, side=side, spacing_mm=spacing_mm)), (spacing_mm, spacing_mm)
    )
    assert found / 10 == pytest.approx(expected_cm, abs=0.02)


def test_lungs_bone_and_fat_count_with_their_attenuation() -> None:
    parts = (
        Ellipse(30, 150, 100),
        Ellipse(-850, 50, 60, -60),
        Ellipse(-850, 50, 60, 60),
        Ellipse(700, 15, 15, 0, 70),
    )
    found = water_equivalent_diameter(stored(painted(list(parts), SIDE, SPACING)), PIXEL)
    assert found == pytest.approx(water_mm(*parts), rel=0.002)


def test_couch_noise_and_padding_change_little() -> None:
    rng = np.random.default_rng(0)
    hu = disc(140, 0) + 30 * rng.standard_normal((SIDE, SIDE))
    hu[230:233] = 200
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    hu[np.hypot(x, y) >= SIDE / 2] = -1024
    assert water_equivalent_diameter(stored(hu), PIXEL) == pytest.approx(280, rel=0.003)


def test_arms_attenuate_but_do_not_widen_the_trunk() -> None:
    trunk, arm = Ellipse(0, 110, 80), Ellipse(0, 25, 30, 145)
    alone, both = (stored(painted(list(p), SIDE, SPACING)) for p in ((trunk,), (trunk, arm)))
    area = 110 * 80 + 25 * 30
    assert water_equivalent_diameter(both, PIXEL) == pytest.approx(2 * math.sqrt(area), rel=0.003)
    assert effective_diameter(both, PIXEL) == pytest.approx(effective_diameter(alone, PIXEL))


@pytest.mark.parametrize(("a_mm", "b_mm"), [(150, 100), (80, 120), (100, 100)])
def test_effective_diameter_of_an_ellipse(a_mm: float, b_mm: float) -> None:
    hu = stored(painted([Ellipse(40, a_mm, b_mm)], SIDE, SPACING))
    assert effective_diameter(hu, PIXEL) == pytest.approx(2 * math.sqrt(a_mm * b_mm), rel=0.012)


def test_pixels_need_not_be_square() -> None:
    hu = stored(disc(160, 0))[::2]
    spacing = (2 * SPACING, SPACING)
    assert water_equivalent_diameter(hu, spacing) == pytest.approx(320, rel=0.003)
    assert effective_diameter(hu, spacing) == pytest.approx(320, rel=0.012)


@pytest.mark.parametrize("measure", [water_equivalent_diameter, effective_diameter])
def test_a_body_cut_off_has_no_diameter(measure) -> None:  # type: ignore[no-untyped-def]
    hu = stored(disc(150, 0))
    whole, cut = hu, hu[:, : SIDE // 2 + 80]
    assert measure(whole, PIXEL, body=find_body(whole)) == measure(whole, PIXEL)
    with pytest.raises(
        NotMeasurableError, match=r"cuts off \d\d% of the outline, more than 10%"
    ) as error:
        measure(cut, PIXEL)
    assert error.value.reason is Unmeasured.BODY_CUT_OFF


def test_an_arm_cut_off_forbids_it_too() -> None:
    arm = Ellipse(0, 30, 40, 175)
    hu = stored(painted([Ellipse(0, 120, 100), arm], SIDE, SPACING))
    with pytest.raises(NotMeasurableError) as error:
        water_equivalent_diameter(hu, PIXEL)
    assert error.value.reason is Unmeasured.BODY_CUT_OFF


def test_no_body_no_diameter() -> None:
    with pytest.raises(NotMeasurableError) as error:
        water_equivalent_diameter(np.full((64, 64), AIR, dtype=np.float32), PIXEL)
    assert error.value.reason is Unmeasured.NO_BODY
