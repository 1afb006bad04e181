"""Metal: coverage, streaks, and unaffected rays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.phantoms import STEADY, Disc, Image, grid, rms

from ctiqa.errors import UsageError
from ctiqa.physics import Beam, Ellipse, Metal, MetalArtefact, add_metal, hu_to_mu, measure, project
from ctiqa.physics.artefacts.inserts import coverage
from ctiqa.physics.spectrum import METALS_PER_MM, hardened_lines, water_corrected

SHAPE, SPACING = (144, 128), (1.5, 1.6)
X, Y = grid(SHAPE, SPACING)
BODY = Disc(0, 0, 90)
WATER = measure((1000 * BODY.image(SHAPE, SPACING) - 1000).astype(np.float32), SPACING, n_views=480)
LEFT, RIGHT = Ellipse(-40, 5, 7, 7), Ellipse(40, 5, 7, 7)
BETWEEN = (np.abs(X) < 28) & (np.abs(Y - 5) < 3)
AWAY = BODY.holds(X, Y, margin_mm=8) & (np.abs(Y - 5) > 25)


def _hips(material: str = "steel") -> MetalArtefact:
    return add_metal(WATER, Metal((LEFT, RIGHT), material))


def test_the_band_between_two_implants_is_dark() -> None:
    added = _hips().added_hu
    assert float(added[BETWEEN].mean()) < -100
    assert abs(float(added[AWAY].mean())) < 0.1 * abs(float(added[BETWEEN].mean()))


def test_one_round_implant_casts_no_band() -> None:
    """A single insert looks the same from all sides, so no direction is special."""
    centred = add_metal(WATER, Metal((Ellipse(0, 0, 7, 7),), "steel")).added_hu
    beside = {
        "x": (np.abs(np.abs(X) - 30) < 8) & (np.abs(Y) < 3),
        "y": (np.abs(np.abs(Y) - 30) < 8) & (np.abs(X) < 3),
    }
    means = [float(centred[where].mean()) for where in beside.values()]
    assert means[0] == pytest.approx(means[1], abs=5)
    assert max(map(abs, means)) < 0.1 * abs(float(_hips().added_hu[BETWEEN].mean()))


def test_the_band_is_darker_than_the_sum_of_two_single_implants() -> None:
    single = sum(add_metal(WATER, Metal((each,), "steel")).added_hu for each in (LEFT, RIGHT))
    assert float((_hips().added_hu - single)[BETWEEN].mean()) < -100


def test_denser_metal_casts_more() -> None:
    bands = [_hips(material).added_hu[BETWEEN].mean() for material in METALS_PER_MM]
    assert bands == sorted(bands, reverse=True)


def test_scatter_deepens_the_band() -> None:
    """Rays through both steel pins lose the most to scatter, as it is all they have left."""
    bands = []
    for share in (0.0, 1e-6, 1e-5):
        metal = Metal((LEFT, RIGHT), "steel", scatter_share=share)
        bands.append(float(add_metal(WATER, metal).added_hu[BETWEEN].mean()))
    assert bands == sorted(bands, reverse=True)
    assert bands[0] > bands[2] + 100


def test_metal_is_bright_where_the_mask_is() -> None:
    hips = _hips("titanium")
    assert float(hips.added_hu[hips.mask].min()) > 1500
    area = hips.mask.sum() * SPACING[0] * SPACING[1]
    assert area == pytest.approx(2 * math.pi * 49, rel=0.08)
    assert hips.mask.dtype == np.bool_
    assert hips.added_hu.dtype == np.float32


def test_an_error_in_the_displaced_tissue_stays_beneath_the_metal() -> None:
    """Half of the implant lies in bone: the exact sum projects the tissue with a hole in it."""
    bone = 900 * Disc(-40, 12, 8).image(SHAPE, SPACING)
    slice_ = measure((WATER.hu + bone).astype(np.float32), SPACING, n_views=480)
    share = coverage((LEFT, RIGHT), SHAPE, SPACING)
    tissue = project((1 - share) * hu_to_mu(slice_.hu), SPACING, slice_.scan)
    length_mm = project(share, SPACING, slice_.scan)
    seen = hardened_lines(tissue, length_mm, METALS_PER_MM["steel"])
    seen = water_corrected(-np.log(np.exp(-seen) + 1e-5 * (length_mm > 0)))
    exact = slice_.image_of((seen - slice_.sinogram).astype(np.float32))
    added = add_metal(slice_, Metal((LEFT, RIGHT), "steel")).added_hu
    outside = (coverage((Ellipse(-40, 5, 10, 10), Ellipse(40, 5, 10, 10)), SHAPE, SPACING) == 0) & (
        BODY.holds(X, Y)
    )
    assert rms((added - exact)[outside]) < 0.1 * rms(exact[outside])


def test_starved_rays_streak_from_the_metal_and_spare_the_rest() -> None:
    beam = Beam(photons=2e5, electronic_sd_photons=5.0)

    def starved(seed: int) -> Image:
        metal = Metal((RIGHT,), "steel", beam)
        return add_metal(WATER, metal, np.random.default_rng(seed)).added_hu

    noise = starved(1) - add_metal(WATER, Metal((RIGHT,), "steel")).added_hu
    near = (np.hypot(X - 40, Y - 5) > 10) & (np.hypot(X - 40, Y - 5) < 18)
    far = BODY.holds(X, Y) & (np.hypot(X - 40, Y - 5) > 60)
    assert rms(noise[near]) > 2 * rms(noise[far]) > 0
    assert np.array_equal(starved(1), starved(1))
    assert not np.array_equal(starved(1), starved(2))


@given(
    x=st.floats(-20, 20), y=st.floats(-20, 20), a=st.floats(2, 12), b=st.floats(2, 12),
    angle=st.floats(-180, 180),
)  # fmt: skip
@STEADY
def test_coverage_has_the_area_and_the_centre_of_the_ellipse(
    x: float, y: float, a: float, b: float, angle: float
) -> None:
    share = coverage((Ellipse(x, y, a, b, angle),), SHAPE, SPACING).astype(np.float64)
    assert share.sum() * SPACING[0] * SPACING[1] == pytest.approx(math.pi * a * b, rel=0.03)
    assert (share * X).sum() / share.sum() == pytest.approx(x, abs=0.1)
    assert (share * Y).sum() / share.sum() == pytest.approx(y, abs=0.1)
    assert 0 <= share.min() <= share.max() <= 1


def test_rotation_goes_from_right_to_down() -> None:
    share = coverage((Ellipse(0, 0, 30, 4, 45),), SHAPE, SPACING)
    assert float((share * X * Y).sum()) > 0
    assert coverage((Ellipse(0, 0, 30, 4, 90),), SHAPE, SPACING) == pytest.approx(
        coverage((Ellipse(0, 0, 4, 30),), SHAPE, SPACING), abs=1e-6
    )


def test_overlapping_inserts_count_once() -> None:
    assert np.array_equal(coverage((LEFT, LEFT), SHAPE, SPACING), coverage((LEFT,), SHAPE, SPACING))


@pytest.mark.parametrize(
    ("metal", "message"),
    [
        (lambda: Metal(()), "'inserts' must hold at least one ellipse, got none"),
        (lambda: Metal((LEFT,), scatter_share=0.5), "'scatter_share' must be in .*, got 0.5"),
        (lambda: Metal((), "lead"), "'inserts'.*must be one of titanium, steel, .* got 'lead'"),
        (lambda: Ellipse(0, 0, 0, 2), "'semi_x_mm' must be > 0, got 0"),
        (lambda: Ellipse(math.nan, 0, 1, -2), "'x_mm' must be finite, got nan.*'semi_y_mm'"),
        (lambda: add_metal(WATER, Metal((Ellipse(0, 99, 9, 9),))),
         "must lie within 102 mm of the isocentre, .*y_mm=99.* move it inside"),
        (lambda: add_metal(WATER, Metal((LEFT,), beam=Beam())),
         "'rng' must be given where 'beam' counts photons, got None"),
    ],
)  # fmt: skip
def test_impossible_metal_is_refused(metal: object, message: str) -> None:
    assert callable(metal)
    with pytest.raises(UsageError, match=message):
        metal()
