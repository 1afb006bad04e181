"""Noise level and spectrum against SciPy, and with masks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, stats
from tests.metrics.example_slices import example_slices

from ctiqa.errors import UsageError
from ctiqa.hu import body_mask
from ctiqa.metrics.no_reference.noise import (
    global_noise_level,
    noise_power_spectrum,
    square_regions,
)


@pytest.mark.parametrize("sd_hu", [20.0, 40.0, 80.0])
@pytest.mark.parametrize("k", range(3))
def test_noise_level_of_white_noise_equals_scipy(k: int, sd_hu: float) -> None:
    """The median deviation of neighbours, blind to edges too (Donoho, Johnstone 1994)."""
    hu = example_slices()[k]
    noisy = hu + np.random.default_rng(k).normal(0, sd_hu, hu.shape).astype(np.float32)
    details = np.diff(noisy, axis=1)[body_mask(hu)[:, 1:]] / np.sqrt(2)
    truth = float(stats.median_abs_deviation(details, scale="normal"))
    assert global_noise_level(noisy) == pytest.approx(truth, rel=0.1)


def test_spectrum_along_the_rows_equals_scipy() -> None:
    """Summed over one frequency, the spectrum is the mean periodogram of the lines."""
    rng = np.random.default_rng(0)
    row, col = np.mgrid[:24, :32]
    plane = np.stack([np.ones(row.size), row.ravel(), col.ravel()], axis=1)
    white = rng.normal(0, 12, (10, row.size))
    rois = (white - (plane @ np.linalg.pinv(plane) @ white.T).T).reshape(10, 24, 32)
    nps = noise_power_spectrum(rois, (0.5, 0.8))
    _, truth = signal.periodogram(rois, fs=1 / 0.8, detrend=False, return_onesided=False)
    assert nps.sum(axis=0) / (24 * 0.5) == pytest.approx(truth.mean(axis=(0, 1)), rel=1e-9)
    _, truth = signal.periodogram(rois, fs=1 / 0.5, detrend=False, return_onesided=False, axis=1)
    assert nps.sum(axis=1) / (32 * 0.8) == pytest.approx(truth.mean(axis=(0, 2)), rel=1e-9)


@pytest.mark.parametrize("outside_hu", [-1000.0, 40.0, 120.0, 3000.0])
def test_pixels_outside_the_mask_do_not_count(outside_hu: float) -> None:
    """A mask of many small islands has as much rim as it can have."""
    hu = example_slices()[0]
    row, col = np.ogrid[: hu.shape[0], : hu.shape[1]]
    mask = body_mask(hu) & (row % 22 > 1) & (col % 22 > 1)
    level = global_noise_level(hu, mask=mask)
    assert 3 < level < 40
    spoilt = np.where(mask, hu, np.float32(outside_hu))
    assert global_noise_level(spoilt, mask=mask) == pytest.approx(level, rel=1e-6)


def test_a_mask_of_everything_changes_nothing() -> None:
    hu = example_slices()[1]
    assert global_noise_level(hu, mask=np.ones(hu.shape, bool)) == global_noise_level(hu)


def test_an_empty_mask_has_no_level() -> None:
    hu = example_slices()[1]
    assert np.isnan(global_noise_level(hu, mask=np.zeros(hu.shape, bool)))


def test_squares_of_the_grid_inside_the_mask() -> None:
    hu = np.arange(70 * 40, dtype=np.float32).reshape(70, 40)
    mask = np.ones(hu.shape, bool)
    mask[5, 17] = False
    found = square_regions(hu, mask, 16)
    assert found.shape == (7, 16, 16)
    assert (found[0] == hu[:16, :16]).all()
    assert (found[1] == hu[16:32, :16]).all()
    assert (found[2] == hu[16:32, 16:32]).all()


def test_squares_feed_the_spectrum() -> None:
    """The variance of white noise in a region of a slice comes back."""
    hu = np.random.default_rng(0).normal(40, 12, (256, 256)).astype(np.float32)
    mask = np.hypot(*(np.mgrid[:256, :256] - 127.5)) < 120
    rois = square_regions(hu, mask, 32)
    nps = noise_power_spectrum(rois, (0.7, 0.7))
    assert nps.sum() / (32 * 0.7) ** 2 == pytest.approx(144, rel=0.03)


def test_refusals() -> None:
    hu, other = np.zeros((64, 64), np.float32), np.ones((64, 32), bool)
    message = r"'mask' must have the shape of 'hu', \(64, 64\), got \(64, 32\)"
    with pytest.raises(UsageError, match=message):
        global_noise_level(hu, mask=other)
    with pytest.raises(UsageError, match=message):
        square_regions(hu, other, 16)
    with pytest.raises(UsageError, match="'size' must be at least 2 pixels, got 1"):
        square_regions(hu, np.ones(hu.shape, bool), 1)
