"""NIQE distance: grows with damage; zero, equal and refused cases by definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import mahalanobis
from tests.metrics.example_slices import example_slices

from ctiqa.errors import DataError, UsageError
from ctiqa.hu import WINDOWS, apply_window, body_mask
from ctiqa.metrics.no_reference.niqe import NaturalModel
from ctiqa.metrics.no_reference.niqe_features import MIRRORED, patch_features
from ctiqa.types import HuImage

SOFT = WINDOWS["soft"]
SIDE = 32

Mask = npt.NDArray[np.bool_]


def _noise(hu: HuImage, sd_hu: float) -> HuImage:
    return hu + np.float32(sd_hu) * np.random.default_rng(0).standard_normal(hu.shape, np.float32)


def _blur(hu: HuImage, sigma_px: float) -> HuImage:
    return np.asarray(ndimage.gaussian_filter(hu, sigma_px), dtype=np.float32)


def _tissue(rows: int, cols: int, seed: int, sd_hu: float = 30.0) -> tuple[HuImage, Mask]:
    hu = np.random.default_rng(seed).normal(40, sd_hu, (rows, cols)).astype(np.float32)
    return hu, np.ones(hu.shape, bool)


@pytest.fixture(scope="module")
def chest() -> NaturalModel:
    """Fitted on liver and shoulders; the heart is the test slice."""
    clean = [example_slices()[k] for k in (0, 2)]
    return NaturalModel.fit([(hu, body_mask(hu)) for hu in clean], SOFT, side=SIDE, sharpness=0.5)


@pytest.fixture(scope="module")
def plain() -> NaturalModel:
    return NaturalModel.fit([_tissue(128, 160, k) for k in range(4)], SOFT, side=SIDE)


@pytest.mark.parametrize(
    ("damage", "degrees"), [(_noise, (0, 15, 30, 60, 120)), (_blur, (0, 0.7, 1.2, 2, 4))]
)
def test_distance_grows_with_damage(
    chest: NaturalModel,
    damage: Callable[[HuImage, float], HuImage],
    degrees: tuple[float, ...],
) -> None:
    hu = example_slices()[1]
    mask = body_mask(hu)
    distances = [chest.distance(damage(hu, degree), mask) for degree in degrees]
    assert (np.diff(distances) > 0).all(), distances
    assert distances[1] > 1.3 * distances[0]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_mirrored_slice_is_as_natural(chest: NaturalModel, k: int) -> None:
    hu = example_slices()[k]
    mask = body_mask(hu)
    assert chest.distance(hu[:, ::-1], mask[:, ::-1]) == pytest.approx(
        chest.distance(hu, mask), rel=1e-9
    )


def test_pixels_outside_the_mask_have_no_influence(chest: NaturalModel) -> None:
    hu = example_slices()[1]
    mask = body_mask(hu)
    spoiled = np.where(mask, hu, np.float32(np.nan))
    assert chest.distance(spoiled, mask) == chest.distance(hu, mask)


def test_the_window_is_the_models(chest: NaturalModel) -> None:
    """Only brightness matters: a shifted window of twice the width gives the same image."""
    low, high = chest.range_hu
    assert (low, high) == SOFT.range_hu
    wide = NaturalModel(chest.mean, chest.covariance, (2 * low + 8, 2 * high + 8), SIDE)
    hu = example_slices()[1]
    mask = body_mask(hu)
    assert wide.distance(2 * hu + 8, mask) == pytest.approx(chest.distance(hu, mask), rel=1e-6)


def test_pristine_patches_are_the_sharp_ones_and_their_mirror_images() -> None:
    hu, mask = _tissue(256, 256, 0)
    hu[:, 128:] = 40 + (hu[:, 128:] - 40) / 2
    brightness = apply_window(hu, SOFT).astype(np.float64)
    patches = patch_features(brightness, mask, 16)
    sharp = patches.sharpness > 0.75 * patches.sharpness.max()
    assert not sharp.reshape(16, 16)[:, 8:].any()
    assert sharp.reshape(16, 16)[:, :8].mean() > 0.5
    model = NaturalModel.fit([(hu, mask)], SOFT, side=16)
    chosen = patches.features[sharp]
    both = np.concatenate([chosen, chosen[:, MIRRORED]])
    np.testing.assert_allclose(model.mean, both.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(model.covariance, np.cov(both.T), rtol=1e-3, atol=1e-7)


def test_each_slice_has_its_own_sharpest_patch() -> None:
    """A quiet slice is not left out because another one is noisy."""
    slices = [_tissue(128, 160, 0, sd_hu=10), _tissue(128, 160, 1, sd_hu=60)]
    together, noisy = (NaturalModel.fit(s, SOFT, side=16) for s in (slices, slices[1:]))
    assert together.distance(*slices[0]) < 0.5 * noisy.distance(*slices[0])


def test_one_patch_borrows_the_pristine_covariance(plain: NaturalModel) -> None:
    hu, mask = _tissue(SIDE, SIDE, 9, sd_hu=80)
    brightness = apply_window(hu, SOFT).astype(np.float64)
    (only,) = patch_features(brightness, mask, SIDE).features
    expected = mahalanobis(only, plain.mean, np.linalg.inv(plain.covariance))
    assert plain.distance(hu, mask) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("cols", [64, 288], ids=["two", "nine"])
def test_several_patches_pool_their_covariance(plain: NaturalModel, cols: int) -> None:
    hu, mask = _tissue(SIDE, cols, 9, sd_hu=80)
    patches = patch_features(apply_window(hu, SOFT).astype(np.float64), mask, SIDE).features
    pooled = (np.cov(patches.T) + plain.covariance) / 2
    expected = mahalanobis(patches.mean(axis=0), plain.mean, np.linalg.inv(pooled))
    assert plain.distance(hu, mask) == pytest.approx(expected, rel=1e-3)


def test_the_pristine_mean_itself_is_at_0(plain: NaturalModel) -> None:
    hu, mask = _tissue(SIDE, SIDE, 9)
    low, high = SOFT.range_hu
    brightness = np.clip((hu.astype(np.float64) - low) / (high - low), 0, 1)
    (only,) = patch_features(brightness, mask, SIDE).features
    model = NaturalModel(only, plain.covariance, plain.range_hu, SIDE)
    assert model.distance(hu, mask) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("hu", [-1000.0, 40.0, 3000.0], ids=["air", "tissue", "metal"])
def test_constant_slices_are_refused(plain: NaturalModel, hu: float) -> None:
    image = np.full((128, 128), hu, np.float32)
    with pytest.raises(DataError, match="got none among 16384 pixels"):
        plain.distance(image, np.ones(image.shape, bool))


def test_a_slice_without_a_patch_is_refused(plain: NaturalModel) -> None:
    hu, mask = _tissue(128, 128, 0)
    with pytest.raises(DataError, match="patch of 32x32 pixels"):
        plain.distance(hu, np.zeros_like(mask))
    with pytest.raises(DataError, match="smaller 'side'"):
        plain.distance(hu[:31], mask[:31])


def test_a_model_needs_more_patches_than_features() -> None:
    few, more = _tissue(96, 96, 0), _tissue(96, 112, 0)
    with pytest.raises(DataError, match=r"more than 36 patches of 16x16 pixels, got 36 of 1 slice"):
        NaturalModel.fit([few], SOFT, side=16, sharpness=0)
    model = NaturalModel.fit([more], SOFT, side=16, sharpness=0)
    assert np.linalg.matrix_rank(model.covariance, tol=1e-12) == 36
    with pytest.raises(DataError, match="got 0 of 0 slices"):
        NaturalModel.fit([], SOFT)


def test_bad_arguments_are_named(plain: NaturalModel) -> None:
    hu, mask = _tissue(128, 128, 0)
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(UsageError, match="'sharpness' must be at least 0 and less than 1"):
            NaturalModel.fit([(hu, mask)], SOFT, sharpness=share)
    with pytest.raises(UsageError, match="'side' must be an even number"):
        NaturalModel.fit([], SOFT, side=33)
    with pytest.raises(UsageError, match="one shape"):
        plain.distance(hu, mask[1:])
    with pytest.raises(UsageError, match="must be finite inside the mask"):
        plain.distance(np.full_like(hu, np.nan), mask)
    with pytest.raises(UsageError, match=r"got \(35,\) and \(36, 36\)"):
        NaturalModel(plain.mean[1:], plain.covariance, plain.range_hu)
    with pytest.raises(UsageError, match="must be finite"):
        NaturalModel(plain.mean * np.nan, plain.covariance, plain.range_hu)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 999),
    level_hu=st.floats(-1000, 1000),
    sd_hu=st.floats(5, 500),
    sigma_px=st.floats(0, 3),
)
def test_distances_are_finite_or_refused(
    plain: NaturalModel, seed: int, level_hu: float, sd_hu: float, sigma_px: float
) -> None:
    noise = np.random.default_rng(seed).normal(level_hu, sd_hu, (70, 100)).astype(np.float32)
    hu, mask = _blur(noise, sigma_px), np.ones(noise.shape, bool)
    shown = apply_window(hu, SOFT).astype(np.float64)
    if len(patch_features(shown, mask, SIDE).features):
        assert 0 <= plain.distance(hu, mask) < np.inf
    else:
        with pytest.raises(DataError):
            plain.distance(hu, mask)
