"""Full-reference measures against scikit-image, piq and values computed by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal
from skimage.filters import prewitt_h, prewitt_v
from skimage.metrics import structural_similarity

from ctiqa.errors import UsageError
from ctiqa.metrics.full_reference.gmsd import gradient_similarity
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.metrics.full_reference.ssim import ssim_interior, ssim_uniform
from ctiqa.metrics.full_reference.vif import vif_mirrored

STEADY = settings(max_examples=25)

Image = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NOISE = 2.0
"""Visual noise of VIF on a 0–255 scale, as published."""


def _pair(noise: float, *, side: int = 96) -> tuple[Image, Image]:
    """A degraded image and its reference on a 0–255 scale; blurred where noise is negative."""
    rng = np.random.default_rng(7)
    smooth = ndimage.gaussian_filter(rng.standard_normal((side, side)), 3)
    reference = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    if noise < 0:
        return ndimage.gaussian_filter(reference, -noise), reference
    noisy = np.clip(reference + noise * rng.standard_normal(reference.shape), 0, 255)
    return noisy.astype(np.float32), reference


def _unit(noise: float) -> tuple[Image, Image]:
    """The same on [0, 1]."""
    image, reference = _pair(noise)
    return image / np.float32(255), reference / np.float32(255)


def _interior(image: Image, margin: int = 8) -> Mask:
    mask = np.zeros(image.shape, dtype=bool)
    mask[margin:-margin, margin:-margin] = True
    return mask


# -- root mean square error


def test_rmse_by_hand() -> None:
    """√((3² + 4² + 0 + 0)/4) = 2.5, and √(3² + 4²)/√2 where two pixels count."""
    reference = np.full((2, 2), 40, dtype=np.float32)
    image = reference + np.array([[3, -4], [0, 0]], dtype=np.float32)
    assert rmse(image, reference, np.ones((2, 2), bool)) == pytest.approx(2.5)
    top = np.array([[True, True], [False, False]])
    assert rmse(image, reference, top) == pytest.approx(5 / np.sqrt(2))


@STEADY
@given(st.floats(-200, 200), st.floats(0.1, 10))
def test_rmse_of_an_offset_is_the_offset_and_scales(offset: float, factor: float) -> None:
    image, reference = _pair(0)
    everywhere = np.ones(image.shape, bool)
    found = rmse(image + np.float32(offset), reference, everywhere)
    assert found == pytest.approx(abs(offset), abs=1e-4)
    noisy, _ = _pair(8)
    k = np.float32(factor)
    assert rmse(k * noisy, k * reference, everywhere) == pytest.approx(
        factor * rmse(noisy, reference, everywhere), rel=1e-5
    )


# -- structural similarity


@pytest.mark.parametrize("size", [5, 7, 11])
@pytest.mark.parametrize("noise", [2, 8, 25, -1.2])
def test_ssim_equals_scikit_image(noise: float, size: int) -> None:
    """Same uniform window, sample covariance and constants: the same map, away from the rim."""
    image, reference = _unit(noise)
    _, truth = structural_similarity(reference, image, win_size=size, data_range=1, full=True)  # type: ignore[no-untyped-call]
    inside = _interior(image)
    assert ssim_uniform(image, reference, inside, size=size) == pytest.approx(
        truth[inside].mean(), abs=1e-6
    )


@pytest.mark.parametrize("size", [5, 7, 11])
@pytest.mark.parametrize("noise", [2, 8, 25, -1.2])
def test_interior_ssim_is_scikit_images_to_the_last_bit(noise: float, size: int) -> None:
    """In double precision the same number: labels do not depend on the choice."""
    image, reference = (each.astype(np.float64) for each in _unit(noise))
    truth = structural_similarity(reference, image, win_size=size, data_range=1)  # type: ignore[no-untyped-call]
    assert ssim_interior(image, reference, size=size) == truth


def test_ssim_of_two_flat_images_is_the_luminance_term() -> None:
    """No structure on either side: (2ab + c)/(a² + b² + c) with c = 0.01²."""
    bright, dark = (np.full((16, 16), v, dtype=np.float32) for v in (0.8, 0.4))
    by_hand = (2 * 0.8 * 0.4 + 1e-4) / (0.8**2 + 0.4**2 + 1e-4)
    assert ssim_uniform(bright, dark, _interior(bright, 4)) == pytest.approx(by_hand, abs=1e-5)


def test_negative_is_unlike() -> None:
    """An inverted image has the opposite structure: similarity below 0."""
    image, reference = _unit(0)
    assert ssim_uniform(1 - image, reference, _interior(image)) < -0.2


# -- gradient similarity


def _published_gradient_similarity(image: Image, reference: Image) -> Floats:
    """The map of Xue 2014 on a 0–255 scale with scikit-image's Prewitt gradients."""
    a, b = (np.hypot(prewitt_h(x), prewitt_v(x)) for x in (image, reference))  # type: ignore[no-untyped-call]
    return np.asarray((2 * a * b + 170) / (a**2 + b**2 + 170))


@pytest.mark.parametrize("noise", [2, 8, 25, -1.2])
def test_gradient_similarity_equals_the_published_formula(noise: float) -> None:
    image, reference = _pair(noise)
    inside = _interior(image)
    truth = float(_published_gradient_similarity(image, reference)[inside].mean())
    found = gradient_similarity(*_unit(noise), inside)
    assert found == pytest.approx(truth, abs=1e-3)  # 170/255² is rounded to 0.0026


def test_gradient_similarity_of_a_lost_edge_by_hand() -> None:
    """A step of 0.5 has gradient 0.5 on both sides; lost, those pixels get c/(0.25 + c)."""
    step = np.zeros((12, 12), dtype=np.float32)
    step[:, 6:] = 0.5
    edge = np.zeros(step.shape, dtype=bool)
    edge[:, 5:7] = True
    flat = np.zeros_like(step)
    assert gradient_similarity(flat, step, edge) == pytest.approx(0.0026 / 0.2526, rel=1e-4)
    assert gradient_similarity(flat, step, ~edge) == pytest.approx(1)


# -- visual information fidelity


def _vif_as_published(
    image: Image, reference: Image, *, scales: int = 4, radius: int | None = None
) -> float:
    """The authors' ``vifp_mscale.m``, line by line; ``radius`` widens the window of all scales."""
    dist, ref = image.astype(np.float64), reference.astype(np.float64)
    kept = total = 0.0
    for scale in range(scales):
        side = 2 ** (scales - scale) + 1
        reach = side // 2 if radius is None else radius
        line = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * (side / 5) ** 2))
        window = np.outer(line, line) / line.sum() ** 2
        if scale:
            ref, dist = (signal.convolve2d(x, window, "valid")[::2, ::2] for x in (ref, dist))
        mean_r, mean_d, rr, dd, rd = (
            signal.convolve2d(x, window, "valid") for x in (ref, dist, ref**2, dist**2, ref * dist)
        )
        var_r, var_d = np.maximum(rr - mean_r**2, 0), np.maximum(dd - mean_d**2, 0)
        cov = rd - mean_r * mean_d
        gain = cov / (var_r + 1e-10)
        rest = var_d - gain * cov
        rest = np.where(gain < 0, var_d, rest)
        gain = np.maximum(gain, 0)
        kept += float(np.log10(1 + gain**2 * var_r / (np.maximum(rest, 1e-10) + NOISE)).sum())
        total += float(np.log10(1 + var_r / NOISE).sum())
    return kept / total


PIQ = {2: 0.838761, 8: 0.488055, 25: 0.212572, -1.2: 0.827852}
"""What ``piq.vif_p`` 0.8.0 (σ² = 2, data_range=255) says of :func:`_pair`."""


@pytest.mark.parametrize("noise", PIQ)
def test_the_reference_used_here_is_right(noise: float) -> None:
    assert _vif_as_published(*_pair(noise)) == pytest.approx(PIQ[noise], abs=1e-4)


@pytest.mark.parametrize("noise", PIQ)
def test_vif_of_one_scale_equals_the_published_formula(noise: float) -> None:
    """With the same window (5 pixels) the information of the finest scale is the same."""
    image, reference = _pair(noise)
    truth = _vif_as_published(image, reference, scales=1, radius=2)
    found = vif_mirrored(image, reference, _interior(image, 2), noise_variance=NOISE, scales=1)
    assert found == pytest.approx(truth, abs=2e-3)


@pytest.mark.parametrize("noise", PIQ)
def test_vif_of_four_scales_stays_near_the_published_code(noise: float) -> None:
    """Not equal: before halving, ours smooths by the finer scale's window, theirs by the coarser's.

    Ours therefore forgives noise a little more.
    """
    image, reference = _pair(noise)
    found = vif_mirrored(image, reference, _interior(image), noise_variance=NOISE, scales=4)
    assert found == pytest.approx(PIQ[noise], abs=0.06)


def test_vif_rewards_contrast_and_punishes_its_loss() -> None:
    """The one measure that can say "better than the reference" (Sheikh 2006)."""
    image, reference = _pair(0)
    inside = _interior(image)
    mean = reference.mean()
    more, less = (mean + np.float32(k) * (image - mean) for k in (1.3, 0.5))
    assert vif_mirrored(more, reference, inside, noise_variance=NOISE) > 1.02
    assert vif_mirrored(less, reference, inside, noise_variance=NOISE) < 0.9


def test_vif_does_not_depend_on_the_unit() -> None:
    """Images and visual noise on [0, 1] or 0–255: the same share of information."""
    inside = _interior(_pair(8)[0])
    large = vif_mirrored(*_pair(8), inside, noise_variance=NOISE)
    assert vif_mirrored(*_unit(8), inside, noise_variance=NOISE / 255**2) == pytest.approx(
        large, abs=1e-3
    )


def test_vif_of_flat_images_is_one() -> None:
    """Without information in the reference nothing can be lost."""
    flat = np.full((32, 32), 0.5, dtype=np.float32)
    assert vif_mirrored(flat, flat, np.ones(flat.shape, bool), noise_variance=NOISE / 255**2) == 1.0


# -- what all have in common

Measure = Callable[[Image, Image, Mask], float]


def _vif(image: Image, reference: Image, mask: Mask) -> float:
    return vif_mirrored(image, reference, mask, noise_variance=NOISE / 255**2)


LIKENESS = [ssim_uniform, gradient_similarity, _vif]


@pytest.mark.parametrize("measure", LIKENESS)
def test_equal_images_score_one(measure: Measure) -> None:
    image, reference = _unit(0)
    assert measure(image, reference, _interior(image)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("measure", LIKENESS)
def test_more_noise_or_blur_less_likeness(measure: Measure) -> None:
    mask = _interior(_unit(0)[0])
    noisier = [measure(*_unit(noise), mask) for noise in (0, 2, 8, 25)]
    blurrier = [measure(*_unit(blur), mask) for blur in (0, -0.6, -1.2, -2.4)]
    for scores in (noisier, blurrier):
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] < scores[0] - 0.05


@pytest.mark.parametrize("measure", [ssim_uniform, gradient_similarity])
def test_likeness_is_mutual(measure: Measure) -> None:
    """Both are symmetric; VIF is not."""
    image, reference = _unit(8)
    mask = _interior(image)
    assert measure(image, reference, mask) == pytest.approx(measure(reference, image, mask))


@pytest.mark.parametrize("measure", [*LIKENESS, rmse])
@pytest.mark.parametrize("mirror", [np.flipud, np.fliplr, np.transpose])
def test_lying_on_the_other_side_changes_nothing(
    measure: Measure, mirror: Callable[[npt.NDArray[np.generic]], Image]
) -> None:
    image, reference = _unit(8)
    image, reference = image[:89, :89], reference[:89, :89]  # odd: halving keeps the same pixels
    mask = _interior(image)
    found = measure(mirror(image), mirror(reference), np.asarray(mirror(mask), dtype=bool))
    assert found == pytest.approx(measure(image, reference, mask), abs=1e-4)


@pytest.mark.parametrize("measure", [*LIKENESS, rmse])
def test_only_the_mask_counts(measure: Measure) -> None:
    """Damage outside the mask does not change the result."""
    image, reference = _unit(8)
    ruined = image.copy()
    ruined[64:] = 0
    near = np.zeros(image.shape, dtype=bool)
    near[:32] = True
    assert measure(ruined, reference, near) == pytest.approx(measure(image, reference, near))


@pytest.mark.parametrize("measure", [*LIKENESS, rmse])
def test_misfits_are_refused(measure: Measure) -> None:
    image, reference = _unit(0)
    with pytest.raises(UsageError, match="'mask' must hold at least one pixel, got none"):
        measure(image, reference, np.zeros(image.shape, bool))
    with pytest.raises(UsageError, match=r"must have one shape, got \(96, 96\), \(90, 96\) and"):
        measure(image, reference[:90], _interior(image))
