"""Slices with their local noise as colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tests.score.made import phantom

from ctiqa.hu import WINDOWS, apply_window, body_mask
from ctiqa.score.maps.colours import scale
from ctiqa.score.maps.overlay import OPACITY, fitting_window, overlay, spread

SOFT = WINDOWS["soft"]


def grid(noise_hu: float, side: int = 8) -> npt.NDArray[np.float32]:
    return np.full((side, side), noise_hu, dtype=np.float32)


def test_colour_is_inside_the_body_alone() -> None:
    hu = phantom(80.0)
    mask = body_mask(hu)
    picture = overlay(hu, grid(128), mask, SOFT)
    grey = np.round(255 * apply_window(hu, SOFT))
    np.testing.assert_array_equal(picture[~mask], grey[~mask][:, np.newaxis].repeat(3, axis=1))
    wanted = OPACITY * scale()[-1] + (1 - OPACITY) * grey[128, 128]
    np.testing.assert_allclose(picture[mask], np.tile(wanted, (mask.sum(), 1)), atol=1)


def test_the_slice_is_seen_through_the_colour() -> None:
    hu = phantom(80.0)
    hu[100:110, 100:110] = 130
    picture = overlay(hu, grid(16), body_mask(hu), SOFT).astype(int)
    assert (picture[105, 105] - picture[128, 128] > 10).all()


def test_noise_is_interpolated_between_the_centres_of_patches() -> None:
    noise = grid(8.0)
    noise[:, 4:] = 32.0
    found = spread(noise, np.ones((256, 256), dtype=bool))
    assert found.shape == (256, 256)
    np.testing.assert_allclose(found[:, :112], 8, rtol=1e-5)
    np.testing.assert_allclose(found[:, 144:], 32, rtol=1e-5)
    # Half-way on a logarithmic scale.
    assert found[17, 127:129].mean() == pytest.approx(16, rel=0.01)
    assert (np.diff(found[17]) >= -1e-4).all()


def test_patches_outside_the_body_do_not_colour_its_edge() -> None:
    mask = body_mask(phantom())
    noise = grid(100.0)
    inside = mask.reshape(8, 32, 8, 32).any(axis=(1, 3))
    noise[inside] = 10.0
    np.testing.assert_allclose(spread(noise, mask)[mask], 10, rtol=0.01)


@pytest.mark.parametrize(("rows", "cols"), [(256, 256), (300, 257), (512, 384)])
def test_any_matrix(rows: int, cols: int) -> None:
    hu = np.full((rows, cols), -1000, dtype=np.float32)
    hu[20:-1, 20:-1] = 40
    noise = np.full((-(-rows // 32), -(-cols // 32)), 20, dtype=np.float32)
    mask = body_mask(hu)
    assert overlay(hu, noise, mask, SOFT).shape == (rows, cols, 3)
    np.testing.assert_allclose(spread(noise, mask), 20, rtol=1e-4)


def test_the_lung_window_where_lung_prevails() -> None:
    chest = np.full((256, 256), -1000, dtype=np.float32)
    chest[40:216, 40:216] = 40
    chest[60:196, 60:196] = -800
    assert fitting_window(chest, body_mask(chest)) == WINDOWS["lung"]
    assert fitting_window(phantom(), body_mask(phantom())) == SOFT
