"""Features of BRISQUE and NIQE: against piq, one window by hand, and what must not matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from piq.brisque import _natural_scene_statistics  # type: ignore[import-untyped]
from tests.metrics.example_slices import example_slices

from ctiqa.errors import DataError, UsageError
from ctiqa.hu import WINDOWS, apply_window, body_mask
from ctiqa.metrics.full_reference.images import halved
from ctiqa.metrics.no_reference.generalized_gaussian import fit_aggd, fit_ggd
from ctiqa.metrics.no_reference.niqe_features import (
    MIRRORED,
    features,
    mscn,
    neighbour_products,
    patch_features,
)

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def _noise(rows: int, cols: int, seed: int = 0) -> Floats:
    """Grey image with noise, without saturation, [rows, cols]."""
    return np.clip(np.random.default_rng(seed).normal(0.5, 0.08, (rows, cols)), 0.01, 0.99)


def _all(image: Floats) -> Mask:
    return np.ones(image.shape, bool)


def _disc(rows: int, cols: int, radius: float) -> Mask:
    y, x = np.mgrid[:rows, :cols]
    return np.asarray(np.hypot(y - (rows - 1) / 2, x - (cols - 1) / 2) < radius)


def test_one_window_by_hand() -> None:
    image = _noise(9, 11)
    y, x = np.mgrid[-3:4, -3:4]
    weights = np.exp(-(x**2 + y**2) / (2 * (7 / 6) ** 2))
    part, weights = image[1:8, 2:9], weights / weights.sum()
    mean = (weights * part).sum()
    deviation = np.sqrt((weights * (part - mean) ** 2).sum())
    expected = (image[4, 5] - mean) / (deviation + 1 / 255)
    assert mscn(image)[4, 5] == pytest.approx(expected, rel=1e-9)


def test_white_noise_is_normalised_whatever_its_contrast() -> None:
    """Nearly unit variance: less, as a pixel is part of its own mean and deviation.

    The reference draws windows of 49 independent pixels and needs no image.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-3:4, -3:4]
    weights = np.exp(-(x**2 + y**2) / (2 * (7 / 6) ** 2)).ravel()
    drawn, weights = rng.standard_normal((40_000, 49)), weights / weights.sum()
    mean = drawn @ weights
    expected = ((drawn[:, 24] - mean) / np.sqrt(drawn**2 @ weights - mean**2)).var()
    assert 0.7 < expected < 1
    noise = rng.standard_normal((400, 400))
    for contrast in (0.2, 5.0):
        found = mscn(0.5 + contrast * noise)[3:-3, 3:-3]
        assert abs(found.mean()) < 0.01
        assert found.var() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_a_constant_has_coefficients_of_exactly_0(grey: float) -> None:
    assert not mscn(np.full((20, 20), grey)).any()


def test_products_are_of_the_right_neighbours() -> None:
    """Powers of 2 at the places: exponents add, so a product names its pair."""
    exponents = np.arange(6.0).reshape(2, 3)
    found = [np.log2(each).tolist() for each in neighbour_products(2**exponents)]
    assert found == [[[1, 3], [7, 9]], [[3, 5, 7]], [[4, 6]], [[4, 6]]]
    left = neighbour_products(np.array([[0.0, 2.0], [3.0, 0.0]]))
    assert [float(each.sum()) for each in left] == [0, 0, 0, 6]


def test_features_are_fits_of_the_whole_windows() -> None:
    """No window crosses the border, and no pair wraps around it."""
    image, expected = _noise(60, 80), []
    for scale in (image, halved(image)):
        inner = mscn(scale)[3:-3, 3:-3]
        whole = fit_ggd(inner.ravel())
        expected += [whole.shape, whole.deviation**2]
        for product in neighbour_products(inner):
            fit = fit_aggd(product.ravel())
            expected += [fit.shape, fit.mean, fit.left**2, fit.right**2]
    np.testing.assert_allclose(features(image, _all(image)), expected, rtol=1e-9)


def _piq(image: Floats) -> Floats:
    tensor = torch.from_numpy(255 * image)[None, None]
    return np.asarray(_natural_scene_statistics(tensor)[0].numpy())


def _framed_slices() -> list[Floats]:
    """Real slices, saturated nowhere, in black: there piq's zeros outside the image do no harm."""
    shown = [apply_window(hu, WINDOWS["soft"]).astype(np.float64) for hu in example_slices()]
    return [np.pad(0.98 * image + 0.01 * _noise(*image.shape), 8) for image in shown]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_piq_finds_the_same_with_pairs_wrapped(k: int) -> None:
    """Coefficients and fits, at both scales; its table is not interpolated, hence ``atol``."""
    fine = _framed_slices()[k]
    for image in (fine, halved(fine)):
        found = mscn(image)
        whole = fit_ggd(found.ravel())
        ours = [whole.shape, whole.deviation**2]
        for shift in ((0, 1), (1, 0), (1, 1), (-1, 1)):
            fit = fit_aggd((found * np.roll(found, shift, (0, 1))).ravel())
            ours += [fit.shape, fit.mean, fit.left**2, fit.right**2]
        np.testing.assert_allclose(ours, _piq(image), rtol=1e-6, atol=0.00051)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_piq_finds_nearly_the_same_features(k: int) -> None:
    """With three more pixels of frame, our whole windows are as many as its hanging ones.

    What is left is the pairs across the rim: it wraps them around, 1 in 330 of all pairs.
    """
    image = np.pad(_framed_slices()[k], 3)
    ours = features(image, _all(image))[:18]
    np.testing.assert_allclose(ours, _piq(image[3:-3, 3:-3]), rtol=0.01, atol=0.00051)


@pytest.mark.parametrize("spoiled", [np.nan, np.inf, -5.0, 0.7])
def test_pixels_outside_the_mask_have_no_influence(spoiled: float) -> None:
    image, mask = _noise(120, 140), _disc(120, 140, 50)
    changed = np.where(mask, image, spoiled)
    np.testing.assert_array_equal(features(changed, mask), features(image, mask))
    ours, theirs = (patch_features(x, mask, 32) for x in (changed, image))
    assert len(ours.features) > 3
    np.testing.assert_array_equal(ours.features, theirs.features)
    np.testing.assert_array_equal(ours.sharpness, theirs.sharpness)


@pytest.mark.parametrize("row", [0, 48])
@pytest.mark.parametrize("col", [17, 65])
def test_a_patch_has_the_features_of_its_pixels(row: int, col: int) -> None:
    """The patches lie in the middle: 17 columns are left over on either side."""
    image = _noise(96, 130)
    mask = np.zeros(image.shape, bool)
    mask[row : row + 48, col : col + 48] = True
    (found,) = patch_features(image, mask, 48).features
    # An odd first column cannot be halved where it is.
    np.testing.assert_allclose(found, features(image[:, 17:], mask[:, 17:]), rtol=1e-9)


def test_the_mirror_image_has_its_diagonals_exchanged() -> None:
    hu = example_slices()[1]
    image, mask = apply_window(hu, WINDOWS["soft"]).astype(np.float64), body_mask(hu)
    mirrored = features(image[:, ::-1], mask[:, ::-1])
    np.testing.assert_allclose(mirrored, features(image, mask)[list(MIRRORED)], rtol=1e-9)
    assert np.abs(mirrored / features(image, mask) - 1).max() > 1e-3


def test_patches_of_air_are_left_out() -> None:
    """By the mask, which must hold half of a patch, and where the image is constant."""
    image = _noise(64, 128)
    half, less = _all(image), _all(image)
    half[:, :16], less[:, :17] = False, False
    # Windows of the third column of patches reach into the noise; those of the fourth do not.
    image[:, 64:] = 0.25
    masks = (_all(image), half, less)
    assert [len(patch_features(image, mask, 32).features) for mask in masks] == [6, 6, 4]


def test_sharpness_is_the_mean_local_deviation() -> None:
    noise = np.random.default_rng(0).standard_normal((64, 128))
    noise[:, 64:] *= 3
    left, right = patch_features(0.5 + 0.05 * noise, _all(noise), 64).sharpness
    assert right == pytest.approx(3 * left, rel=0.05)
    # A window of this Gaussian holds the variance of 1 − Σw² = 0.941 of white noise.
    assert left == pytest.approx(0.05 * np.sqrt(0.941), rel=0.05)


def test_an_image_smaller_than_a_patch_has_none() -> None:
    image = _noise(64, 95)
    assert patch_features(image, _all(image)).features.shape == (0, 36)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 999),
    contrast=st.floats(0, 2),
    grey=st.floats(-0.5, 1.5),
    radius=st.floats(0, 40),
)
def test_features_are_finite_or_refused(
    seed: int, contrast: float, grey: float, radius: float
) -> None:
    noise = np.random.default_rng(seed).standard_normal((50, 61))
    image, mask = np.clip(grey + contrast * noise, 0, 1), _disc(50, 61, radius)
    patches = patch_features(image, mask, 16)
    assert np.isfinite(patches.features).all()
    assert (patches.sharpness > 0).all()
    try:
        found = features(image, mask)
    except DataError:
        assert radius < 14 or contrast < 0.1 or not 0 < grey < 1
    else:
        assert np.isfinite(found).all()


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_constant_images_are_refused(grey: float) -> None:
    image = np.full((64, 64), grey)
    with pytest.raises(DataError, match="some variation in them, got 4096 pixels without"):
        features(image, _all(image))
    assert not len(patch_features(image, _all(image), 32).features)


def test_a_mask_without_a_window_is_refused() -> None:
    image = _noise(64, 64)
    for mask in (np.zeros((64, 64), bool), _disc(64, 64, 5)):
        with pytest.raises(DataError, match="windows of 14x14 pixels"):
            features(image, mask)


def test_bad_arguments_are_named() -> None:
    image = _noise(64, 64)
    with pytest.raises(UsageError, match=r"got \(64, 64\), \(64, 63\)"):
        features(image, np.ones((64, 63), bool))
    with pytest.raises(UsageError, match=r"\[rows, cols\]"):
        patch_features(image[None], _all(image[None]))
    with pytest.raises(UsageError, match="finite inside the mask, got 1 pixels"):
        features(np.where(np.arange(4096).reshape(64, 64) == 9, np.nan, image), _all(image))
    for side in (14, 33):
        with pytest.raises(UsageError, match=f"'side' must be an even number .* got {side}"):
            patch_features(image, _all(image), side)
