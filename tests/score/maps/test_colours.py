"""The colour scale of local noise."""

from __future__ import annotations

import numpy as np
import pytest

from ctiqa.score.maps.colours import LIMITS_HU, TICKS_HU, colours_of, position, scale


def test_the_colours_are_those_of_viridis() -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="the extra 'train' is not installed")
    wanted = 255 * matplotlib.colormaps["viridis"](np.linspace(0, 1, len(scale())))[:, :3]
    np.testing.assert_allclose(scale(), wanted, rtol=0, atol=4)


def test_brightness_rises_throughout() -> None:
    luma = scale() @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(luma[8:] > luma[:-8])


def test_ticks_are_evenly_spaced_from_end_to_end() -> None:
    assert pytest.approx((TICKS_HU[0], TICKS_HU[-1])) == LIMITS_HU
    places = position(np.array(TICKS_HU, dtype=np.float32))
    np.testing.assert_allclose(places, np.linspace(0, 1, len(TICKS_HU)), atol=1e-6)


def test_noise_beyond_the_scale_has_the_colours_of_its_ends() -> None:
    found = colours_of(np.array([[0.01, 4.0], [128.0, 9e5]], dtype=np.float32))
    assert found.shape == (2, 2, 3)
    assert (found[0] == scale()[0]).all()
    assert (found[1] == scale()[-1]).all()
