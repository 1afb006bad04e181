"""Public full-reference metrics: conventions, batches, tensors, errors.

The formulas are compared with independent libraries in ``tests/metrics/full_reference``; here it
is the same call that a user of those libraries would write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import piq  # type: ignore[import-untyped]
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio as skimage_psnr
from skimage.metrics import structural_similarity as skimage_ssim
from torchmetrics.functional.image import peak_signal_noise_ratio as torchmetrics_psnr

from ctiqa import UsageError, Window, metrics

SOFT = (-160.0, 240.0)

RNG = np.random.default_rng(0)
CLEAN = RNG.normal(40, 60, (3, 192, 192))
NOISY = CLEAN + RNG.normal(0, (10, 30, 60), (192, 192, 3)).transpose(2, 0, 1)

ALL = (
    metrics.gradient_magnitude_similarity_deviation,
    metrics.haar_perceptual_similarity,
    metrics.multiscale_structural_similarity,
    metrics.peak_signal_noise_ratio,
    metrics.root_mean_squared_error,
    metrics.structural_similarity,
    metrics.visual_information_fidelity,
)

Metric = Callable[..., Any]

their_psnr: Metric = skimage_psnr
their_ssim: Metric = skimage_ssim


def clipped(hu: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return hu.clip(*SOFT)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.__name__)
def test_a_batch_is_its_slices_one_by_one(metric: Metric) -> None:
    found = metric(NOISY, CLEAN, data_range=SOFT)
    assert (found.dtype, found.shape) == (np.float64, (3,))
    single = [metric(x, y, data_range=SOFT) for x, y in zip(NOISY, CLEAN, strict=True)]
    assert all(type(each) is float for each in single)
    assert found.tolist() == single
    assert len(set(single)) == 3


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.__name__)
def test_tensors_channels_and_windows_change_nothing(metric: Metric) -> None:
    expected = metric(NOISY, CLEAN, data_range=SOFT).tolist()
    image, reference = torch.from_numpy(NOISY)[:, None], torch.from_numpy(CLEAN)[:, None]
    assert metric(image.requires_grad_(), reference, data_range=SOFT).tolist() == expected
    assert metric(NOISY, CLEAN, data_range=Window(400, 40)).tolist() == expected


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.__name__)
def test_whole_numbers_are_counted_as_such(metric: Metric) -> None:
    """Unsigned integers would wrap around on subtraction."""
    image, reference = ((each + 2000).round().astype(np.uint16) for each in (NOISY, CLEAN))
    shifted = (SOFT[0] + 2000, SOFT[1] + 2000)
    found = metric(image, reference, data_range=shifted)
    exact = metric(image.astype(float), reference.astype(float), data_range=shifted)
    assert found.tolist() == exact.tolist()


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.__name__)
def test_outside_the_mask_nothing_counts(metric: Metric) -> None:
    mask = np.zeros((192, 192), dtype=bool)
    mask[16:, 16:] = True
    holes = NOISY.copy()
    holes[:, ~mask] = np.nan
    expected = metric(NOISY, CLEAN, data_range=SOFT, mask=mask)
    assert metric(holes, CLEAN, data_range=SOFT, mask=mask).tolist() == expected.tolist()
    each = np.stack([mask] * 3)[:, None]
    assert metric(holes, CLEAN, data_range=SOFT, mask=each).tolist() == expected.tolist()
    assert metric(NOISY, CLEAN, data_range=SOFT).tolist() != expected.tolist()


def test_numbers_are_those_of_the_libraries_whose_names_they_bear() -> None:
    a, b = clipped(NOISY), clipped(CLEAN)
    pairs = list(zip(b, a, strict=True))
    psnr = [their_psnr(y, x, data_range=400) for y, x in pairs]
    found = metrics.peak_signal_noise_ratio(NOISY, CLEAN, data_range=SOFT)
    np.testing.assert_allclose(found, psnr, rtol=1e-12)
    tensors = torch.from_numpy(NOISY), torch.from_numpy(CLEAN)
    theirs = torchmetrics_psnr(*tensors, data_range=SOFT, dim=(1, 2), reduction="none")
    np.testing.assert_allclose(found, theirs, rtol=1e-6)
    options = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 400}
    ssim = [their_ssim(y + 160, x + 160, **options) for y, x in pairs]
    ours = metrics.structural_similarity(NOISY, CLEAN, data_range=SOFT)
    np.testing.assert_allclose(ours, ssim, rtol=1e-9)
    shown = [torch.from_numpy((each + 160) / 400)[:, None] for each in (a, b)]
    theirs = piq.multi_scale_ssim(*shown, data_range=1.0, reduction="none")
    ours = metrics.multiscale_structural_similarity(NOISY, CLEAN, data_range=SOFT)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_without_a_range_nothing_is_clipped() -> None:
    zero = np.zeros((4, 4), dtype=np.float32)
    assert metrics.root_mean_squared_error(zero + 900, zero, data_range=None) == 900
    assert metrics.peak_signal_noise_ratio(zero + 4095, zero, data_range=None) == 0


ONE = CLEAN[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (ONE, CLEAN),
            r"must have one shape, got .* and \(3, 192, 192\); .* pair by pair",
        ),
        ((ONE[:64], ONE), r"must have one shape, got \(64, 192\) and \(192, 192\)"),
        ((ONE[0], ONE[0]), r"'image' must be \[rows, cols\], .* got shape \(192,\)"),
        ((CLEAN[:0], CLEAN[:0]), "'image' must be .* and not empty"),
        ((CLEAN[None], CLEAN[None]), r"'image' must be .* got shape \(1, 3, 192, 192\)"),
        ((ONE > 0, ONE), "'image' must hold real numbers in HU, got dtype bool"),
        ((ONE, ONE.astype(complex)), "'reference' must hold real numbers in HU, got dtype complex"),
        ((np.where(ONE > 40, np.nan, ONE), ONE), "'image' must be finite inside the mask"),
    ],
)
def test_pairs_that_are_refused(arguments: tuple[Any, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        metrics.structural_similarity(*arguments, data_range=SOFT)


@pytest.mark.parametrize("given", [400, (240, -160), (0, 0), (0, np.inf), (1, 2, 3), "soft", None])
def test_ranges_that_are_none(given: Any) -> None:
    with pytest.raises(UsageError, match=r"'data_range' must be \(low, high\) in HU, rising, or a"):
        metrics.structural_similarity(ONE, ONE, data_range=given)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((192, 192)), "'mask' must be bool, got dtype float64; compare it, say mask > 0"),
        (np.ones((64, 64), dtype=bool), r"'mask' must be .* like the images, .* got \(64, 64\)"),
        (np.ones((2, 192, 192), dtype=bool), r"'mask' must be .* got \(2, 192, 192\)"),
        (np.zeros((192, 192), dtype=bool), "'mask' must hold at least one pixel"),
    ],
)
def test_masks_that_are_refused(mask: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        metrics.structural_similarity(CLEAN, CLEAN, data_range=SOFT, mask=mask)
