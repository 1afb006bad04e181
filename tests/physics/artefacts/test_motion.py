"""Motion against the formula for a disc, and against projections of the moved phantom."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import MU_WATER, STEADY, Disc, Image, rms

from ctiqa.errors import UsageError
from ctiqa.physics import Ellipse, FanBeam, MeasuredRays, Motion, measure, move, project
from ctiqa.physics.artefacts.inserts import coverage
from ctiqa.physics.artefacts.motion import Course
from ctiqa.physics.kernels import STANDARD_KERNEL

SHAPE, SPACING, VIEWS = (96, 96), (2.0, 2.0), 360
REST = Disc(20, -12, 30)
ALWAYS = Motion(course="step")
"""No view measures the original position."""


def _disc(disc: Disc) -> MeasuredRays:
    """A disc of water whose line integrals come from the formula."""
    scan = FanBeam.covering(SHAPE, SPACING, n_views=VIEWS)
    hu = (1000 * disc.image(SHAPE, SPACING) - 1000).astype(np.float32)
    lines = (MU_WATER * disc.chords_mm(scan)).astype(np.float32)
    return MeasuredRays(hu, SPACING, STANDARD_KERNEL, scan, lines)


DISC = _disc(REST)


def _added(place: Disc) -> Image:
    return DISC.image_of(_disc(place).sinogram - DISC.sinogram)


@pytest.mark.parametrize("course", get_args(Course))
@pytest.mark.parametrize("about_mean", [False, True])
def test_no_motion_adds_exactly_nothing(course: Course, about_mean: bool) -> None:
    still = Motion(course=course, begins=0.2, fixed_y_mm=50, about_mean=about_mean)
    assert not move(DISC, still).any()


@pytest.mark.parametrize(
    ("motion", "place"),
    [
        (replace(ALWAYS, shift_x_mm=5, shift_y_mm=-3), Disc(25, -15, 30)),
        (replace(ALWAYS, shift_x_mm=-31.7), Disc(-11.7, -12, 30)),
        (replace(ALWAYS, stretch_x=0.1, stretch_y=0.1, fixed_x_mm=10, fixed_y_mm=8),
         Disc(21, -14, 33)),
        # A quarter turn from right to down takes (x, y) to (−y, x).
        (replace(ALWAYS, rotation_deg=90), Disc(12, 20, 30)),
        # Half a turn about (10, 0), then 4 mm down.
        (replace(ALWAYS, rotation_deg=180, fixed_x_mm=10, shift_y_mm=4), Disc(0, 16, 30)),
    ],
)  # fmt: skip
def test_moved_all_the_turn_is_the_disc_in_its_new_place(motion: Motion, place: Disc) -> None:
    expected = _added(place)
    assert rms(move(DISC, motion) - expected) < 0.03 * rms(expected)


def test_stretched_in_height_is_the_ellipse() -> None:
    shape, spacing_mm = (192, 192), (1.0, 1.0)
    motion = replace(ALWAYS, stretch_y=0.2, fixed_y_mm=30)
    lines = {}
    for name, ellipse in {
        "rest": Ellipse(10, -6, 36, 30),
        "moved": Ellipse(10, -13.2, 36, 36),
    }.items():
        share = coverage((ellipse,), shape, spacing_mm)
        lines[name] = project(np.float32(MU_WATER) * share, spacing_mm, DISC.scan)
    rest = MeasuredRays(
        np.zeros(shape, np.float32), spacing_mm, STANDARD_KERNEL, DISC.scan, lines["rest"]
    )
    expected = rest.image_of(lines["moved"] - lines["rest"])
    assert rms(move(rest, motion) - expected) < 0.04 * rms(expected)


def test_moved_for_a_part_of_the_turn_changes_those_views_alone() -> None:
    change = (_disc(Disc(24, -12, 30)).sinogram - DISC.sinogram).copy()
    turn = np.arange(VIEWS) / VIEWS
    change[(turn < 0.3) | (turn >= 0.8)] = 0
    expected = DISC.image_of(change)
    added = move(DISC, Motion(shift_x_mm=4, course="step", begins=0.299, ends=0.799))
    assert rms(added - expected) < 0.05 * rms(expected)


def test_the_turn_begins_where_the_tube_starts() -> None:
    late = Motion(shift_x_mm=4, course="step", begins=0.75, ends=1, start_deg=90)
    early = Motion(shift_x_mm=4, course="step", begins=0, ends=0.25)
    assert np.array_equal(move(DISC, late), move(DISC, early))


def test_a_jump_leaves_streaks_beyond_the_disc_and_a_shift_does_not() -> None:
    far = np.hypot(*np.mgrid[-95:96:2, -95:96:2][::-1] - np.array([20.0, -12.0])[:, None, None])
    air = (far > 50) & (far < 70)
    jump = move(DISC, Motion(shift_x_mm=8, course="step", begins=0.5))
    shift = move(DISC, replace(ALWAYS, shift_x_mm=8))
    assert rms(jump[air]) > 4 * rms(shift[air])
    assert rms(jump[air]) > 10


@pytest.mark.parametrize(
    ("course", "by_hand"),
    [("step", [0, 1, 1, 1, 0]), ("drift", [0, 0.1464, 0.5, 1, 1]), ("swing", [0, 0.5, 1, 0, 0])],
)
def test_courses_worked_by_hand(course: Course, by_hand: list[float]) -> None:
    """From 0.2 to 0.6, seen before, after a quarter, half, at the end (less a hair), and later."""
    motion = Motion(course=course, begins=0.2, ends=0.6)
    turn = np.array([0.1, 0.3, 0.4, 0.6 - 1e-12, 0.9])
    assert motion.amount(turn) == pytest.approx(by_hand, abs=1e-4)


@given(
    course=st.sampled_from(get_args(Course)),
    begins=st.floats(0, 0.9),
    length=st.floats(0.05, 0.1),
)
@STEADY
def test_amounts_are_shares_and_about_the_mean_have_none(
    course: Course, begins: float, length: float
) -> None:
    turn = np.arange(240) / 240
    plain = Motion(course=course, begins=begins, ends=begins + length).amount(turn)
    centred = Motion(course=course, begins=begins, ends=begins + length, about_mean=True)
    assert plain.min() >= 0
    assert plain.max() <= 1
    assert centred.amount(turn) == pytest.approx(plain - plain.mean(), abs=1e-12)


def test_about_the_mean_the_outline_stays() -> None:
    """Shifted from −2 to 2 mm instead of 0 to 4: less of what is added is displacement."""
    added = {
        about: rms(move(DISC, Motion(shift_x_mm=4, course="drift", about_mean=about)))
        for about in (False, True)
    }
    assert added[True] < 0.6 * added[False]


def test_more_motion_adds_more() -> None:
    little, more = (
        rms(move(DISC, Motion(shift_y_mm=mm, course="swing", begins=0.1, ends=0.5)))
        for mm in (1.0, 3.0)
    )
    assert more > 2 * little > 0


def test_motion_is_reproducible_and_finite_for_what_leaves_the_field() -> None:
    wide = measure(np.zeros(SHAPE, np.float32), SPACING, n_views=60)
    far = Motion(shift_x_mm=900, rotation_deg=33, course="drift")
    first = move(wide, far)
    assert np.isfinite(first).all()
    assert np.array_equal(first, move(wide, far))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("shift_x_mm", math.nan, "'shift_x_mm' must be finite, got nan"),
        ("start_deg", math.inf, "'start_deg' must be finite, got inf"),
        ("stretch_y", -0.5, "'stretch_y' must be in .* a fraction, got -0.5"),
        ("stretch_x", 5, "'stretch_x' must be in .* a fraction, got 5"),
        ("course", "jump", "'course' must be step, drift or swing, got 'jump'"),
        ("begins", 1.0, "0 <= begins < ends <= 1, got 1.0 and 1.0"),
        ("ends", 1.2, "0 <= begins < ends <= 1, got 0.0 and 1.2"),
    ],
)
def test_impossible_motion_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Motion(**{name: value})


def test_all_problems_are_listed() -> None:
    with pytest.raises(UsageError, match=r"shift_y_mm.*stretch_x.*begins"):
        Motion(shift_y_mm=math.inf, stretch_x=2, begins=-1)
