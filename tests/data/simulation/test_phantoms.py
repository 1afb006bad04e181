"""Phantoms and limbs that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ctiqa.data.simulation.phantoms import DRAWN_SIDE, Grid, draw_limb, draw_phantom, ellipse


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    first, second = (draw_phantom(np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1] == second[1]
    assert not np.array_equal(first[0], draw_phantom(np.random.default_rng(4))[0])


@pytest.mark.parametrize("draw", [draw_phantom, draw_limb])
def test_what_is_drawn_is_hu_on_a_clinical_grid(draw) -> None:  # type: ignore[no-untyped-def]
    for seed in range(30):
        hu, spacing = draw(np.random.default_rng(seed))
        assert hu.shape == (DRAWN_SIDE, DRAWN_SIDE)
        assert hu.dtype == np.float32
        assert 0.6 < spacing[0] == spacing[1] < 1.0
        assert hu.min() >= -1024
        assert hu.max() < 2000
        assert (hu < -900).mean() > 0.05


def test_limbs_have_bone_within_muscle_within_fat() -> None:
    for seed in range(30):
        hu, _ = draw_limb(np.random.default_rng(seed))
        bone = hu > 600
        assert bone.any()
        around = ndimage.binary_dilation(bone, iterations=4) & ~ndimage.binary_dilation(bone)
        assert np.median(hu[around]) > 0
        assert ((hu > -130) & (hu < -70)).sum() > 200


def test_an_ellipse_has_its_area() -> None:
    axis = np.arange(-50, 50, dtype=np.float32)
    inside = ellipse(Grid(*np.meshgrid(axis, axis)), (3.0, -2.0), (30.0, 20.0), 25.0)
    assert inside.sum() == pytest.approx(np.pi * 30 * 20, rel=0.02)
