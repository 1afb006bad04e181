"""Visual information fidelity in the pixel domain: as published, and with mirrored borders."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from ctiqa.metrics.full_reference.images import (
    GREYS,
    Moments,
    RealImage,
    check_pair,
    gaussian,
    local_moments,
    window_mean,
    windowed_pair,
    windows_inside,
)

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import HuImage

_SIZES = (17, 9, 5, 3)
"""Side of the Gaussian window (σ a fifth of it) from the finest scale to the coarsest."""

NOISE_VARIANCE = 2.0 / GREYS**2
"""Variance of the noise of the visual system, for brightness in [0, 1]."""

FLAT = 1e-12
"""Variance below which a window counts as flat: above rounding, far below one grey level."""


def vif(image: HuImage, reference: HuImage, mask: Mask, window: DataWindow) -> float:
    """Visual information fidelity inside the mask, ≥ 0; 1 for equal images, not symmetric.

    Share of the information in the reference that an observer can still extract from the image:
    Σ log(1 + g²σᵣ²/(σᵥ² + σₙ²)) / Σ log(1 + σᵣ²/σₙ²) over the windows of four scales, where
    g = σᵢᵣ/σᵣ² is the gain and σᵥ² = σᵢ² - g·σᵢᵣ the variance it does not explain.
    Values above 1 mean more contrast than in the reference.

    Sheikh HR, Bovik AC. Image information and visual quality. IEEE Trans Image Process
    15(2):430–444, 2006; in the pixel domain (VIFp) with the constants of the authors' release.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols].
        window: Display window applied to both.

    Returns:
        The fidelity; NaN if the reference is constant in this window.

    Raises:
        UsageError: If the shapes differ, a pixel inside the mask is not finite, or the mask is
            too small for a window at the coarsest scale (about 41×41 pixels).

    >>> from ctiqa.hu import Window
    >>> hu = np.random.default_rng(0).normal(40, 50, (64, 64)).astype("float32")
    >>> mask = np.ones(hu.shape, bool)
    >>> round(vif(hu, hu, mask, Window(400, 40)), 6)
    1.0
    >>> vif(20 + hu / 2, hu, mask, Window(400, 40)) < 1
    True
    """
    a, b = windowed_pair(image, reference, mask, window)
    return _fidelity(_full_windows(a, b, mask), NOISE_VARIANCE, flat=FLAT)


def vif_mirrored(
    image: RealImage, reference: RealImage, mask: Mask, *, noise_variance: float, scales: int = 3
) -> float:
    """VIF at three scales, with mirrored borders and smoothing by the window of the finer scale.

    A window counts if its centre is inside the mask. Part of the simulated labels.

    Args:
        image: Image, float32 [rows, cols].
        reference: Reference, same shape and unit.
        mask: Pixels that count, bool [rows, cols].
        noise_variance: Variance of the visual noise in squared units of the images (2.0 on a
            0–255 scale in the paper).
        scales: Halvings of the resolution to sum over.

    Returns:
        The fidelity, ≥ 0; 1 if the reference is constant.

    Raises:
        UsageError: If the mask is empty or the shapes differ.
    """
    check_pair(image, reference, mask)
    levels = _mirrored(image, reference, mask, scales)
    return _fidelity(levels, noise_variance, least=1e-10, undefined=1.0)


class Level(NamedTuple):
    """One resolution of an image and its reference: moments, and the windows that count."""

    at: Moments
    inside: Mask


def _full_windows(image: RealImage, reference: RealImage, mask: Mask) -> Iterator[Level]:
    for scale, size in enumerate(_SIZES):
        mean = window_mean(gaussian(size, size / 5))
        if scale > 0:
            mask = windows_inside(mask, size, halvings=scale - 1)[::2, ::2]
            image, reference = (mean(x)[::2, ::2] for x in (image, reference))
        inside = windows_inside(mask, size, halvings=scale)
        yield Level(local_moments(image, reference, mean), inside)


def _mirrored(image: RealImage, reference: RealImage, mask: Mask, scales: int) -> Iterator[Level]:
    for left in range(scales, 0, -1):
        sigma = (2**left + 1) / 5
        mean = partial(ndimage.gaussian_filter, sigma=sigma, truncate=2.5)
        yield Level(local_moments(image, reference, mean), mask)
        image, reference = (ndimage.gaussian_filter(x, sigma)[::2, ::2] for x in (image, reference))
        mask = mask[::2, ::2]


def _fidelity(
    scales: Iterable[Level],
    noise: float,
    *,
    flat: float = 0.0,
    least: float = 0.0,
    undefined: float = math.nan,
) -> float:
    """Information that the image preserves, as a share of the information in the reference.

    Args:
        scales: Moments of image and reference, and the windows that count.
        noise: Variance of the noise of the visual system.
        flat: Variance up to which a window of the reference holds no information.
        least: Lower limit of the unexplained variance, also added to the variance in the gain.
        undefined: Result if the reference holds no information.
    """
    kept = total = 0.0
    for (_, _, var_i, var_b, cov), inside in scales:
        var_r = np.where(var_b > flat, var_b, 0.0)
        spread = var_r + least
        gain = np.divide(np.maximum(cov, 0), spread, out=np.zeros_like(cov), where=spread > 0)
        unexplained = np.maximum(var_i - gain * cov, least)
        through = np.log1p(gain**2 * var_r / (unexplained + noise))
        kept += float(through[inside].sum(dtype=np.float64))
        total += float(np.log1p(var_r / noise)[inside].sum(dtype=np.float64))
    return kept / total if total > 0 else undefined
