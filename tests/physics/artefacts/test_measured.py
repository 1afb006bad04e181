"""One projection for all artefacts of a slice."""

from __future__ import annotations

import numpy as np
import pytest
from tests.physics.phantoms import Disc, Image

from ctiqa.errors import UsageError
from ctiqa.physics import FanBeam, MeasuredRays, hu_to_mu, measure, mu_to_hu, project, reconstruct
from ctiqa.physics.artefacts.measured import check_rules
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL

SHAPE, SPACING = (64, 56), (2.0, 2.5)
WATER = (1000 * Disc(5, -8, 40).image(SHAPE, SPACING) - 1000).astype(np.float32)


def test_measures_what_the_projector_projects() -> None:
    measured = measure(WATER, SPACING, SOFT_KERNEL, n_views=60)
    scan = FanBeam.covering(SHAPE, SPACING, n_views=60)
    assert measured.scan == scan
    assert np.array_equal(measured.sinogram, project(hu_to_mu(WATER), SPACING, scan))


def test_all_of_the_sinogram_is_the_whole_slice_above_vacuum() -> None:
    measured = measure(WATER, SPACING, SHARP_KERNEL, n_views=60)
    mu = reconstruct(measured.sinogram, measured.scan, SHAPE, SPACING, SHARP_KERNEL)
    whole = measured.image_of(measured.sinogram)
    assert whole.dtype == np.float32
    assert whole - 1000 == pytest.approx(mu_to_hu(mu), abs=1e-2)


def _with_nan() -> Image:
    image = WATER.copy()
    image[3, 4] = np.nan
    return image


@pytest.mark.parametrize(
    ("hu", "message"),
    [
        (_with_nan(), r"'hu' must be a finite image .* replace padding by air"),
        (np.zeros((2, 8, 8), np.float32), r"'hu' must be \[rows, cols\], got shape \(2, 8, 8\)"),
    ],
)
def test_what_is_no_slice_is_refused(hu: Image, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        measure(hu, SPACING, n_views=8)


def test_a_sinogram_of_another_scan_is_refused() -> None:
    good = measure(WATER, SPACING, n_views=8)
    with pytest.raises(UsageError, match=r"= \(8, \d+\), got \(4, \d+\); make it with measure"):
        MeasuredRays(WATER, SPACING, SOFT_KERNEL, good.scan, good.sinogram[::2])


def test_all_broken_rules_are_named_at_once() -> None:
    with pytest.raises(UsageError, match=r"^first; third$"):
        check_rules((False, "first"), (True, "second"), (False, "third"))
