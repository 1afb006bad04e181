"""Smoothing and labelling with NumPy alone give what SciPy gives, which takes long to load."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from ctiqa.metrics.smoothing import box_smoothed, gaussian_smoothed
from ctiqa.physics.patient.morphology import labelled


@pytest.mark.parametrize("count", [30, 31, 200])
@pytest.mark.parametrize("sd", [0.7, 2.2, 3.0])
def test_gaussian(count: int, sd: float) -> None:
    values = np.random.default_rng(count).normal(0, 10, count)
    for mirrored, mode in ((True, "reflect"), (False, "constant")):
        expected = ndimage.gaussian_filter1d(values, sd, mode=mode)
        np.testing.assert_allclose(
            gaussian_smoothed(values, sd, mirrored=mirrored), expected, atol=1e-9
        )


def test_box() -> None:
    values = np.random.default_rng(0).normal(0, 10, 60)
    expected = ndimage.uniform_filter1d(values, 17)
    np.testing.assert_allclose(box_smoothed(values, 17), expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_pieces(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 60, size=2)) < rng.random()
    if seed % 3 == 0:
        mask = ndimage.binary_opening(mask)
    np.testing.assert_array_equal(labelled(mask), ndimage.label(mask)[0])


def snake(side: int) -> np.ndarray:
    """One piece that winds through all rows."""
    mask = np.zeros((side, side), dtype=bool)
    mask[::2] = True
    mask[1::4, 0] = mask[3::4, -1] = True
    return mask


@pytest.mark.parametrize(
    "mask", [snake(61), snake(61).T, np.ones((5, 5), bool), np.zeros((5, 5), bool)]
)
def test_pieces_of_odd_shapes(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(labelled(mask), ndimage.label(mask)[0])


def test_measuring_a_slice_does_not_load_scipy() -> None:
    code = "import sys, ctiqa.physics.patient.measure; print('scipy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
