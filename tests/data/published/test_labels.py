"""Labels as the authors compute them, and how much each correction changes them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tests.data.collection import patient_slice

from ctiqa.data.published.dose_mix import mix_doses, whole_hu
from ctiqa.data.published.labels import (
    label_brightness,
    normalised_psnr,
    psnr_db,
    shen_labels,
    ssim_label,
)
from ctiqa.errors import UsageError
from ctiqa.hu import body_mask
from ctiqa.recipe.data import Mode
from ctiqa.types import HuImage

MODES: tuple[Mode, Mode] = ("as-published", "corrected")


@pytest.fixture(scope="module")
def full() -> HuImage:
    """A chest in whole HU, noise 12 HU."""
    return patient_slice(11, 256).round()


def noisy(full: HuImage, sd: float, where: npt.NDArray[np.bool_] | None = None) -> HuImage:
    noise = np.random.default_rng(0).normal(0, sd, full.shape)
    changed = np.maximum(full + noise, -1024).round().astype(np.float32)
    return changed if where is None else np.where(where, changed, full).astype(np.float32)


def authors_label(full: HuImage, low: HuImage) -> float:
    """DistilIQA's label, written out from the paper: 350/40, scikit-image's defaults."""
    bright = (np.clip(each.astype(np.float64), -135, 215) for each in (full, low))
    first, second = ((each + 135) / 350 for each in bright)
    return float(
        structural_similarity(first[None], second[None], data_range=1, channel_axis=0)  # type: ignore[no-untyped-call]
    )


@pytest.mark.parametrize("sd", [5.0, 40.0])
def test_as_published_is_the_authors_label(full: HuImage, sd: float) -> None:
    low = noisy(full, sd)
    assert ssim_label(low, full, "as-published") == authors_label(full, low)


def test_the_published_chain_from_pair_to_label(full: HuImage) -> None:
    low = noisy(full, 36)
    mixed = mix_doses(full, low, 0.5, low_dose=0.1, mode="as-published")
    saved = whole_hu(mixed, "as-published").astype(np.float32)
    truncated = (full + np.sqrt(1 / 3) * (low.astype(np.float64) - full)).astype(np.int32)
    expected = authors_label(full, truncated.astype(np.float32))
    assert ssim_label(saved, full, "as-published") == expected


@pytest.mark.parametrize(
    ("dose", "published", "corrected"), [(0.5, 0.857, 0.925), (0.75, 0.925, 0.969)]
)
def test_the_constant_lowers_the_labels_between(
    full: HuImage, dose: float, published: float, corrected: float
) -> None:
    low = noisy(full, 36)
    labels = [
        ssim_label(mix_doses(full, low, dose, low_dose=0.1, mode=mode), full, "as-published")
        for mode in MODES
    ]
    # What is called 75 % has the label that 50 % deserves.
    assert labels == pytest.approx([published, corrected], abs=0.001)


def test_cutting_off_hardly_moves_a_label(full: HuImage) -> None:
    mixed = mix_doses(full, noisy(full, 36), 0.5, low_dose=0.1)
    cut, rounded = (ssim_label(whole_hu(mixed, mode).astype(np.float32), full) for mode in MODES)
    # 0.00002 here.
    assert 0 < abs(cut - rounded) < 1e-4


def test_noise_in_the_lung_counts_only_when_corrected(full: HuImage) -> None:
    low = noisy(full, 36, where=body_mask(full) & (full < -700))
    assert ssim_label(low, full, "as-published") == 1.0
    assert ssim_label(low, full) == pytest.approx(0.966, abs=0.002)
    assert math.isinf(psnr_db(low, full, "as-published"))
    assert psnr_db(low, full) == pytest.approx(42, abs=0.5)


def test_soft_tissue_counts_as_before(full: HuImage) -> None:
    low = noisy(full, 30, where=(full > -100) & (full < 200))
    published = ssim_label(low, full, "as-published")
    assert ssim_label(low, full) == pytest.approx(published, abs=0.02)


def test_noise_in_the_air_around_the_patient_never_counts(full: HuImage) -> None:
    outside = np.zeros(full.shape, bool)
    outside[:20] = True
    low = noisy(full, 60, where=outside)
    assert ssim_label(low, full) == ssim_label(low, full, "as-published") == 1.0


@pytest.mark.parametrize("mode", MODES)
def test_labels_fall_with_the_dose(full: HuImage, mode: Mode) -> None:
    low = noisy(full, 40)
    mixed = [mix_doses(full, low, dose, low_dose=0.1) for dose in (1.0, 0.75, 0.5, 0.1)]
    labels = [ssim_label(image, full, mode) for image in mixed]
    assert labels == sorted(labels, reverse=True)
    assert labels[0] == 1.0


def test_psnr_is_that_of_scikit_image(full: HuImage) -> None:
    low = noisy(full, 25)
    bright = [label_brightness(each, full) for each in (full, low)]
    expected = peak_signal_noise_ratio(bright[0], bright[1], data_range=1)  # type: ignore[no-untyped-call]
    assert psnr_db(low, full) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cap", [50.0, 100.0])
def test_the_infinite_ratio_counts_as_the_cap(cap: float) -> None:
    """Minimum to maximum over the set, written out: 22 dB is its least, the cap its greatest."""
    psnr, ssim = np.array([22.0, 28.0, 31.0, np.inf]), np.array([0.6, 0.8, 0.9, 1.0])
    published = shen_labels(psnr, ssim, mode="as-published", cap_db=cap)
    span = cap - 22.0
    wanted = [0.5 * p / span + 0.5 * s for p, s in ((0, 0.6), (6, 0.8), (9, 0.9), (span, 1.0))]
    np.testing.assert_allclose(published, wanted, rtol=1e-12)
    assert np.isfinite(published).all()


def test_corrected_labels_have_a_fixed_range() -> None:
    psnr, ssim = np.array([22.0, 28.0, 31.0, np.inf]), np.array([0.6, 0.8, 0.9, 1.0])
    np.testing.assert_allclose(shen_labels(psnr, ssim), [0.45, 0.625, 0.7125, 1.0])
    np.testing.assert_allclose(normalised_psnr(psnr, cap_db=90.0), [0.15, 0.225, 0.2625, 1.0])


@pytest.mark.parametrize("mode", MODES)
def test_equal_images_alone_are_perfect(mode: Mode) -> None:
    assert normalised_psnr(np.array([np.inf, 50.0, 60.0]), mode).tolist() == [1.0, 1.0, 1.0]


def test_without_normal_dose_images_the_published_scale_is_that_of_the_set() -> None:
    psnr = np.array([20.0, 25.0, 30.0])
    assert normalised_psnr(psnr, "as-published").tolist() == [0.0, 0.5, 1.0]
    # One more image changes the label of another: 0.5 becomes 0.25.
    assert normalised_psnr(np.append(psnr, 40.0), "as-published")[1] == 0.25
    assert normalised_psnr(np.append(psnr, 40.0))[1] == normalised_psnr(psnr)[1]


@given(st.floats(0, 1), st.floats(0, 60), st.floats(0, 1))
def test_weights_are_linear(a1: float, psnr: float, ssim: float) -> None:
    label = shen_labels(np.array([psnr]), np.array([ssim]), a1=a1, a2=1 - a1)[0]
    quality = normalised_psnr(np.array([psnr]))[0]
    assert label == pytest.approx(a1 * quality + (1 - a1) * ssim, abs=1e-12)
    assert 0 <= label <= 1 + 1e-12


@pytest.mark.parametrize("shape", [(8, 9), (8,), (6, 8)])
def test_unlike_or_small_pairs_are_refused(shape: tuple[int, ...]) -> None:
    other = np.zeros((8, 8) if shape != (6, 8) else shape, np.float32)
    for label in (ssim_label, psnr_db):
        with pytest.raises(UsageError, match=r"'hu' and 'full' must have one shape \[rows, cols\]"):
            label(np.zeros(shape, np.float32), other)


@pytest.mark.parametrize(
    ("psnr", "ssim", "a1", "message"),
    [
        ([30.0], [0.5, 0.6], 0.5, "'psnr' and 'ssim' must hold one value per image"),
        ([], [], 0.5, "'psnr' and 'ssim'"),
        ([30.0], [0.5], -1.0, "'a1' and 'a2' must be >= 0, got -1 and 0.5"),
    ],
)
def test_bad_label_parts_are_refused(
    psnr: list[float], ssim: list[float], a1: float, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        shen_labels(np.array(psnr), np.array(ssim), a1=a1)
