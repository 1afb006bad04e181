"""Common properties of all measures: direction, symmetry, mask, window, errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from tests.metrics.example_slices import example_slices

from ctiqa.errors import UsageError
from ctiqa.hu import WINDOWS, Window, apply_window, body_mask
from ctiqa.metrics.full_reference.gmsd import gmsd
from ctiqa.metrics.full_reference.haarpsi import haarpsi
from ctiqa.metrics.full_reference.images import Mask, windowed_pair
from ctiqa.metrics.full_reference.measures import MEASURES, FullReferenceMeasure
from ctiqa.metrics.full_reference.ms_ssim import ms_ssim
from ctiqa.metrics.full_reference.psnr import psnr
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.metrics.full_reference.ssim import ssim
from ctiqa.metrics.full_reference.vif import vif
from ctiqa.types import HuImage

STEADY = settings(max_examples=10)
SOFT = WINDOWS["soft"]

each_measure = pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.name)


def heart() -> HuImage:
    return example_slices()[1]


def everywhere(hu: HuImage) -> Mask:
    return np.ones(hu.shape, bool)


def noise_like(hu: HuImage, seed: int = 0) -> HuImage:
    return np.random.default_rng(seed).standard_normal(hu.shape, dtype=np.float32)


def frame(hu: HuImage) -> Mask:
    """A rectangle that every measure finds large enough, whose corner all halvings keep."""
    mask = np.zeros(hu.shape, bool)
    mask[64:256, 32:240] = True
    return mask


def best(measure: FullReferenceMeasure) -> float:
    """The better end of the range, which equal images reach; VIF calls it 1."""
    return 1.0 if measure.function is vif else measure.range[measure.higher_is_better]


# -- values


@each_measure
@pytest.mark.parametrize("window", ["soft", "challenge"])
def test_equal_images_are_best(measure: FullReferenceMeasure, window: str) -> None:
    hu = heart()
    found = measure.function(hu, hu, body_mask(hu), WINDOWS[window])
    assert found == pytest.approx(best(measure), abs=1e-9)


@each_measure
def test_more_noise_is_worse(measure: FullReferenceMeasure) -> None:
    hu = heart()
    noise, mask = noise_like(hu), body_mask(hu)
    levels = (3, 10, 30, 60, 100)
    found = [measure.function(hu + level * noise, hu, mask, SOFT) for level in levels]
    steps = np.diff(found)
    assert (steps < 0).all() if measure.higher_is_better else (steps > 0).all()
    low, high = measure.range
    assert all(low <= value <= high for value in found)


@each_measure
def test_more_blur_is_worse(measure: FullReferenceMeasure) -> None:
    hu = heart()
    found = [
        measure.function(ndimage.gaussian_filter(hu, sigma), hu, body_mask(hu), SOFT)
        for sigma in (0.5, 1.0, 2.0)
    ]
    steps = np.diff(found)
    assert (steps < 0).all() if measure.higher_is_better else (steps > 0).all()


@pytest.mark.parametrize(
    "measure", [m for m in MEASURES if m.function is not vif], ids=lambda m: m.name
)
@STEADY
@given(seed=st.integers(0, 1000), level=st.floats(1, 200))
def test_image_and_reference_may_be_swapped(
    measure: FullReferenceMeasure, seed: int, level: float
) -> None:
    hu = heart()
    image, mask = hu + np.float32(level) * noise_like(hu, seed), frame(hu)
    there = measure.function(image, hu, mask, SOFT)
    assert measure.function(hu, image, mask, SOFT) == pytest.approx(there, rel=1e-9)


def test_vif_knows_which_is_the_reference() -> None:
    """Half the contrast loses information, twice the contrast gains some."""
    hu = heart()
    dull = (40 + 0.5 * (hu - 40)).astype(np.float32)
    mask, wide = everywhere(hu), WINDOWS["challenge"]
    assert vif(dull, hu, mask, wide) < 1 < vif(hu, dull, mask, wide)


@each_measure
def test_axes_are_alike(measure: FullReferenceMeasure) -> None:
    hu = heart()
    image, mask = hu + 20 * noise_like(hu), everywhere(hu)
    there = measure.function(image, hu, mask, SOFT)
    assert measure.function(image.T, hu.T, mask.T, SOFT) == pytest.approx(there, rel=1e-9)


def test_ms_ssim_of_opposite_structure_is_zero() -> None:
    hu = noise_like(np.empty((176, 176), np.float32)) * 50 + 40
    assert ms_ssim(80 - hu, hu, everywhere(hu), SOFT) == 0
    assert ssim(80 - hu, hu, everywhere(hu), SOFT) < 0


def test_psnr_by_hand() -> None:
    """20·log₁₀(400/4) = 40 dB; twice the peak is 6.02 dB more; the cap caps."""
    hu = np.zeros((8, 8), np.float32)
    mask = everywhere(hu)
    assert psnr(hu + 4, hu, mask, Window(400, 0)) == pytest.approx(40)
    assert psnr(hu + 0.25, hu, mask, Window(400, 0)) == pytest.approx(64.0824, abs=1e-4)
    assert psnr(hu + 4, hu, mask, Window(800, 0)) == pytest.approx(46.0206, abs=1e-4)
    assert psnr(hu + 4, hu, mask, None) == pytest.approx(20 * np.log10(4095 / 4))
    assert psnr(hu + 4, hu, mask, None, cap_db=50) == 50
    assert psnr(hu, hu, mask, None) == np.inf
    assert psnr(hu, hu, mask, SOFT, cap_db=80) == 80


def test_flat_has_nothing_to_compare() -> None:
    """A reference without structure has no information, and missing edges have no weight."""
    flat = np.full((64, 64), 40, np.float32)
    grainy = flat + 20 * noise_like(flat)
    assert np.isnan(vif(grainy, flat, everywhere(flat), SOFT))
    assert vif(flat, grainy, everywhere(flat), SOFT) == pytest.approx(0, abs=1e-9)
    assert np.isnan(haarpsi(flat + 5, flat, everywhere(flat), SOFT))
    assert gmsd(flat + 5, flat, everywhere(flat), SOFT) == 0


# -- mask


@each_measure
@STEADY
@given(seed=st.integers(0, 1000), filling=st.sampled_from([-1000.0, 40.0, 3000.0, np.nan, np.inf]))
def test_pixels_outside_the_mask_do_not_count(
    measure: FullReferenceMeasure, seed: int, filling: float
) -> None:
    hu = heart()
    image = hu + 20 * noise_like(hu, seed)
    mask = body_mask(hu)
    there = measure.function(image, hu, mask, SOFT)
    spoilt = np.where(mask, image, np.float32(filling))
    spoilt_reference = np.where(mask, hu, np.float32(-filling))
    assert measure.function(spoilt, spoilt_reference, mask, SOFT) == there


@each_measure
def test_a_rectangular_mask_is_a_crop(measure: FullReferenceMeasure) -> None:
    hu = heart()
    image, mask = hu + 20 * noise_like(hu), frame(hu)
    crop = np.s_[64:256, 32:240]
    cut = measure.function(image[crop], hu[crop], mask[crop], SOFT)
    assert measure.function(image, hu, mask, SOFT) == pytest.approx(cut, rel=1e-12)


@each_measure
def test_every_pixel_inside_the_mask_may_count(measure: FullReferenceMeasure) -> None:
    """Damage in the centre of the mask is detected."""
    hu = heart()
    image = hu.copy()
    image[150:170, 130:150] += 60 * noise_like(hu)[150:170, 130:150]
    mask = frame(hu)
    worse = measure.function(image, hu, mask, SOFT)
    assert (worse < best(measure)) == measure.higher_is_better
    assert worse != best(measure)


# -- window


@each_measure
def test_what_the_window_saturates_does_not_count(measure: FullReferenceMeasure) -> None:
    """Lung and metal look the same in a soft-tissue window, whatever their CT numbers."""
    hu = heart()
    low, high = SOFT.range_hu
    image = hu + 20 * noise_like(hu)
    clipped = [np.clip(x, low, high) for x in (image, hu)]
    exaggerated = [np.where((x <= low) | (x >= high), x * 3, x) for x in clipped]
    exaggerated = [np.where(x < low, -1024, x).astype(np.float32) for x in exaggerated]
    mask = everywhere(hu)
    there = measure.function(image, hu, mask, SOFT)
    assert measure.function(clipped[0], clipped[1], mask, SOFT) == pytest.approx(there, rel=1e-6)
    found = measure.function(exaggerated[0], exaggerated[1], mask, SOFT)
    assert found == pytest.approx(there, rel=1e-6)


@STEADY
@given(width=st.floats(1, 4000), level=st.floats(-1000, 1000))
def test_shown_is_the_window_of_the_house(width: float, level: float) -> None:
    hu, window = heart(), Window(width, level)
    found, _ = windowed_pair(hu, hu, everywhere(hu), window)
    assert np.abs(found - apply_window(hu, window)).max() < 1e-3 / width + 1e-6


# -- refusals


@each_measure
def test_shapes_must_be_one(measure: FullReferenceMeasure) -> None:
    a, b = np.zeros((200, 200), np.float32), np.zeros((200, 199), np.float32)
    message = r"'image', 'reference' and 'mask' must have one shape, got \(200, 200\), \(200, 199\)"
    with pytest.raises(UsageError, match=message):
        measure.function(a, b, everywhere(a), SOFT)
    with pytest.raises(UsageError, match=r"must have one shape, got .* and \(200, 199\)"):
        measure.function(a, a, everywhere(b), SOFT)


@each_measure
def test_a_mask_must_hold_something(measure: FullReferenceMeasure) -> None:
    hu = heart()
    with pytest.raises(UsageError, match="'mask' must hold at least one pixel, got none"):
        measure.function(hu, hu, np.zeros(hu.shape, bool), SOFT)


@each_measure
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_holes_inside_the_mask_are_refused(measure: FullReferenceMeasure, bad: float) -> None:
    hu = heart()
    image = hu.copy()
    image[160, 100:102] = bad
    with pytest.raises(UsageError, match="'image' must be finite inside the mask, got 2 pixels"):
        measure.function(image, hu, everywhere(hu), SOFT)
    with pytest.raises(UsageError, match="'reference' must be finite inside the mask"):
        measure.function(hu, image, everywhere(hu), SOFT)


LEAST: dict[Callable[..., float], int] = {ssim: 11, ms_ssim: 176, vif: 41, gmsd: 6, haarpsi: 16}
"""Side in pixels of the smallest square that a measure accepts."""


@pytest.mark.parametrize(("function", "least"), LEAST.items(), ids=[f.__name__ for f in LEAST])
def test_a_mask_must_hold_a_window(function: Callable[..., float], least: int) -> None:
    hu = noise_like(np.empty((200, 200), np.float32)) * 50
    mask = np.zeros(hu.shape, bool)
    mask[:least, :least] = True
    assert np.isfinite(function(hu, hu + 10, mask, SOFT))
    mask[least - 1] = False
    message = r"'mask' must hold a square of at least \d+ pixels a side for this measure, got none"
    with pytest.raises(UsageError, match=message):
        function(hu, hu, mask, SOFT)
    tiny = hu[:2, :2]
    with pytest.raises(UsageError, match="'mask' must hold a square of at least"):
        function(tiny, tiny, everywhere(tiny), SOFT)


@pytest.mark.parametrize("function", LEAST, ids=lambda f: f.__name__)
def test_one_slice_at_a_time(function: Callable[..., float]) -> None:
    volume = np.zeros((3, 200, 200), np.float32)
    with pytest.raises(UsageError, match=r"'image' must be \[rows, cols\], got shape \(3, 200"):
        function(volume, volume, everywhere(volume), SOFT)


# -- facts


def test_facts_are_complete() -> None:
    assert len({each.name for each in MEASURES}) == len(MEASURES)
    for each in MEASURES:
        assert each.citation
        assert each.range[0] < each.range[1]
    assert {each.name for each in MEASURES if not each.higher_is_better} == {"rmse", "gmsd"}
    assert {each.name for each in MEASURES if each.unit} == {"rmse", "psnr"}


def test_rmse_without_a_window_is_in_hu() -> None:
    hu = np.full((4, 4), -2000, np.float32)
    assert rmse(hu, hu + 500, everywhere(hu)) == 500
    assert rmse(hu, hu + 500, everywhere(hu), SOFT) == 0
