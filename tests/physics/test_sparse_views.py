"""Streaks of too few views."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from tests.physics.phantoms import Disc, Image, grid, rms

from ctiqa.errors import UsageError
from ctiqa.physics import (
    FanBeam,
    hu_to_mu,
    mu_to_hu,
    project,
    reconstruct,
    simulate_sparse_views,
)
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL, Kernel

SHAPE, SPACING, FULL = (128, 128), (2.0, 2.0), 720
X, Y = grid(SHAPE, SPACING)
DEPTH = np.hypot(X / 115, Y / 85)
"""0 in the centre of the patient, 1 at the skin."""
INSIDE = DEPTH < 0.95


def _body() -> Image:
    """Water with a spine and a pocket of gas, as sharp as a scanner would show it."""
    hu = 1000 * Disc(0, 0, 1).image(SHAPE, (SPACING[0] / 85, SPACING[1] / 115)) - 1000
    hu += 800 * Disc(0, 50, 9).image(SHAPE, SPACING) - 600 * Disc(60, -10, 7).image(SHAPE, SPACING)
    return np.asarray(ndimage.gaussian_filter(hu, 0.7), dtype=np.float32)


BODY = _body()


def _streaks(views: int, kernel: Kernel = STANDARD_KERNEL) -> Image:
    sparse = simulate_sparse_views(BODY, SPACING, views, kernel=kernel, n_views=FULL)
    return np.asarray(sparse - BODY, dtype=np.float32)


def test_all_views_are_the_identity() -> None:
    assert np.array_equal(simulate_sparse_views(BODY, SPACING, FULL, n_views=FULL), BODY)


def test_fewer_views_more_streaks() -> None:
    energy = [rms(_streaks(views)[INSIDE]) for views in (720, 360, 240, 120, 60, 30)]
    assert energy[0] == 0
    assert all(more > 1.3 * less for less, more in pairwise(energy))


@pytest.mark.parametrize("views", [360, 240, 120, 60])
def test_streaks_grow_toward_the_edge_of_the_body(views: int) -> None:
    """Neighbouring views lie r·Δβ apart: sampling is dense in the middle, thin outside."""
    streaks = _streaks(views)
    middle, edge = rms(streaks[DEPTH < 0.4]), rms(streaks[(DEPTH > 0.8) & INSIDE])
    assert edge > 1.4 * middle


def test_streaks_have_no_mean() -> None:
    """Omitting views redistributes brightness but keeps the CT number of water."""
    assert abs(float(_streaks(120)[INSIDE].mean())) < 1.0


def test_equals_reconstructing_the_sparse_scan() -> None:
    """Image + FBP(few) − FBP(all) is FBP(few) when the image is FBP(all) of the same lines."""
    mu = hu_to_mu(BODY)

    def image(views: int) -> Image:
        scan = FanBeam.covering(SHAPE, SPACING, n_views=views)
        return reconstruct(project(mu, SPACING, scan), scan, SHAPE, SPACING, STANDARD_KERNEL)

    expected = mu_to_hu(image(90)) - mu_to_hu(image(FULL))
    assert _streaks(90)[INSIDE] == pytest.approx(expected[INSIDE], abs=0.05)


def test_sharp_kernel_shows_more_streaks() -> None:
    soft, sharp = (rms(_streaks(120, kernel)[INSIDE]) for kernel in (SOFT_KERNEL, SHARP_KERNEL))
    assert sharp > 1.2 * soft


@pytest.mark.parametrize("views", [0, -5, 721])
def test_views_out_of_range_are_refused(views: int) -> None:
    with pytest.raises(UsageError, match=f"'views' must be 1…720, got {views}"):
        simulate_sparse_views(BODY, SPACING, views, n_views=FULL)
