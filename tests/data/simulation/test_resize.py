"""Slices on another field of view."""

from __future__ import annotations

import numpy as np
import pytest

from ctiqa.data.simulation.resize import LARGEST, MARGIN, SMALLEST, draw_factor, resize
from ctiqa.hu import AIR_HU, body_mask


def disc(radius: float, centre: tuple[float, float] = (64, 64)) -> np.ndarray:
    rows, cols = np.mgrid[:129, :129]
    inside = np.hypot(rows - centre[0], cols - centre[1]) < radius
    return np.where(inside, 40, AIR_HU).astype(np.float32)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.1, 1.25])
def test_the_patient_changes_size_and_nothing_else(factor: float) -> None:
    slice_hu = disc(40, (60, 70))
    resized = resize(slice_hu, factor)
    assert resized.dtype == np.float32
    assert resized.shape == slice_hu.shape
    ratio = body_mask(resized).sum() / body_mask(slice_hu).sum()
    assert ratio == pytest.approx(factor**2, rel=0.04)
    assert resized.min() >= AIR_HU
    assert resized.max() <= 40
    np.testing.assert_allclose(resized[50:78, 50:78], 40, atol=1)


def test_nobody_is_enlarged_beyond_the_image() -> None:
    rng = np.random.default_rng(0)
    small = [draw_factor(disc(20), rng) for _ in range(200)]
    assert SMALLEST <= min(small) < 0.85
    assert 1.2 < max(small) <= LARGEST
    wide = [draw_factor(disc(60), rng) for _ in range(200)]
    assert max(wide) <= MARGIN * 129 / 119 + 1e-6
    filled = [draw_factor(np.full((64, 64), 40, np.float32), rng) for _ in range(50)]
    assert max(filled) <= 1.0


def test_a_slice_without_a_patient_is_resized_about_its_centre() -> None:
    air = np.full((32, 32), AIR_HU, np.float32)
    assert draw_factor(air, np.random.default_rng(1)) <= 1.0
    np.testing.assert_array_equal(resize(air, 0.9), air)
