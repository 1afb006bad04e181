"""The outline of the body, and how much of it is cut off."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.physics.patient.made import AIR, Ellipse, disc, painted, stored

from ctiqa.physics import NotMeasurableError, Unmeasured, find_body

SIDE, SPACING = 256, 1.4
BODY = Ellipse(40, 120, 80)


def area_mm2(mask: np.ndarray) -> float:
    return float(mask.sum()) * (3 * SPACING) ** 2


def test_the_area_is_that_of_the_body_with_its_holes() -> None:
    lungs = [Ellipse(-850, 38, 48, x) for x in (-48, 48)]
    body = find_body(stored(painted([BODY, *lungs], SIDE, SPACING)))
    assert area_mm2(body.mask) == pytest.approx(math.pi * 120 * 80, rel=0.03)
    assert (body.trunk == body.mask).all()
    assert body.cut_share == body.limb_cut_share == 0


def test_an_arm_is_body_but_not_trunk() -> None:
    body = find_body(stored(painted([BODY, Ellipse(40, 22, 26, 148, 0)], SIDE, SPACING)))
    assert area_mm2(body.trunk) == pytest.approx(math.pi * 120 * 80, rel=0.03)
    assert area_mm2(body.mask & ~body.trunk) == pytest.approx(math.pi * 22 * 26, rel=0.1)


def test_couch_and_wires_are_neither() -> None:
    alone = painted([BODY], SIDE, SPACING)
    with_things = alone.copy()
    with_things[195:197, 20:236] = 200  # the shell of a couch
    with_things[199:209, 90:160] = -150  # its thicker part, 14 mm
    with_things[60:63, 128:131] = 2000  # a wire
    found, expected = find_body(stored(with_things)), find_body(stored(alone))
    assert (found.mask == expected.mask).all()


def test_couch_in_contact_is_left_out() -> None:
    hu = painted([BODY], SIDE, SPACING)
    lowest = int(np.flatnonzero((hu > -500).any(axis=1))[-1])
    hu[lowest : lowest + 2, 20:236] = np.maximum(hu[lowest : lowest + 2, 20:236], 100)
    assert area_mm2(find_body(stored(hu)).mask) == pytest.approx(math.pi * 120 * 80, rel=0.03)


@pytest.mark.parametrize(
    "hu",
    [
        np.full((64, 64), AIR),
        np.full((2, 2), 40.0),
        np.where(np.arange(96)[:, None] // 3 == 16, 40.0, np.full((96, 96), AIR)),
        np.where(np.hypot(*np.mgrid[-48:48, -48:48]) < 8, 40.0, AIR),
    ],
    ids=["air", "tiny", "sheet", "finger"],
)
def test_no_body(hu: np.ndarray) -> None:
    with pytest.raises(NotMeasurableError) as caught:
        find_body(hu.astype(np.float32))
    assert caught.value.reason is Unmeasured.NO_BODY


@pytest.mark.parametrize("air_hu", [-1000.0, -1024.0])
def test_air_without_noise_is_no_padding(air_hu: float) -> None:
    hu = np.where(disc(150) < -990, air_hu, disc(150))
    assert find_body(hu.astype(np.float32)).cut_share == 0


def test_what_the_matrix_cuts_off() -> None:
    """A disc of radius R whose right cap, of half angle θ, is missing: chord over outline."""
    hu = stored(disc(150, 40))
    edge = SIDE // 2 + round(150 * math.cos(0.5) / SPACING)
    share = 2 * math.sin(0.5) / (2 * math.sin(0.5) + 2 * (math.pi - 0.5))
    assert find_body(hu[:, :edge]).cut_share == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize("padding_hu", [-1024.0, -1000.0])
def test_what_a_round_field_of_view_cuts_off(padding_hu: float) -> None:
    """An ellipse wider than the circle: two arcs of its outline are the circle's."""
    rng = np.random.default_rng(0)
    hu = painted([Ellipse(40, 210, 110)], SIDE, SPACING) + 12 * rng.standard_normal((SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    hu[np.hypot(x, y) >= SIDE / 2] = padding_hu
    radius = SIDE / 2 * SPACING
    # Where both meet: cos²t/210² + sin²t/110² = 1/r².
    angle = math.asin(math.sqrt((1 / radius**2 - 1 / 210**2) / (1 / 110**2 - 1 / 210**2)))
    cut = 4 * radius * angle
    t = np.linspace(0, 2 * np.pi, 20001)
    own = np.hypot(210 * np.diff(np.cos(t)), 110 * np.diff(np.sin(t)))
    own_mm = float(own[np.hypot(210 * np.cos(t[1:]), 110 * np.sin(t[1:])) < radius].sum())
    share = find_body(hu.astype(np.float32)).cut_share
    assert share == pytest.approx(cut / (cut + own_mm), rel=0.15)


def test_an_arm_at_the_edge_of_the_field_of_view_is_seen() -> None:
    arm = Ellipse(40, 30, 40, 175, 0)
    body = find_body(stored(painted([BODY, arm], SIDE, SPACING)))
    assert body.cut_share < 0.15 < body.limb_cut_share


def test_the_box_holds_the_body() -> None:
    hu = stored(painted([Ellipse(40, 60, 80, 30, -20)], SIDE, SPACING))
    rows, cols = find_body(hu).box
    outside = hu.copy()
    outside[rows, cols] = AIR
    assert outside.max() < -500
    assert hu[rows, cols].size * SPACING**2 < 1.15 * 120 * 160
