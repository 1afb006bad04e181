"""Structural similarity (SSIM): Gaussian windows as published, uniform windows for labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ctiqa.metrics.full_reference.images import (
    Moments,
    RealImage,
    check_pair,
    gaussian,
    local_moments,
    similarity_map,
    window_mean,
    windowed_pair,
    windows_inside,
)

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import HuImage

SIZE = 11
"""Side of the local window in pixels."""

SIGMA = 1.5
"""Standard deviation of the local window in pixels."""

C1 = 0.01**2
C2 = 0.03**2
"""Stabilisers (K₁L)² and (K₂L)², for brightness in [0, 1]."""


def ssim(image: HuImage, reference: HuImage, mask: Mask, window: DataWindow) -> float:
    """Mean structural similarity inside the mask, in [-1, 1]; 1 for equal images.

    (2μₓμᵧ + C₁)(2σₓᵧ + C₂) / ((μₓ² + μᵧ² + C₁)(σₓ² + σᵧ² + C₂)) in Gaussian windows of 11×11
    pixels (σ 1.5), averaged over the windows that lie entirely inside the mask.

    Wang Z, Bovik AC, Sheikh HR, Simoncelli EP. Image quality assessment: from error visibility to
    structural similarity. IEEE Trans Image Process 13(4):600–612, 2004.
    :func:`ssim_uniform` is the variant with a uniform window.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols].
        window: Display window applied to both.

    Raises:
        UsageError: If the shapes differ, a pixel inside the mask is not finite, or the mask holds
            no window of 11×11 pixels.

    >>> import numpy as np
    >>> from ctiqa.hu import Window
    >>> hu = np.random.default_rng(0).normal(40, 50, (32, 32)).astype("float32")
    >>> mask = np.ones(hu.shape, bool)
    >>> round(ssim(hu, hu, mask, Window(400, 40)), 6)
    1.0
    >>> round(ssim(80 - hu, hu, mask, Window(400, 40)), 2)
    -0.93
    """
    a, b = windowed_pair(image, reference, mask, window)
    inside = windows_inside(mask, SIZE)
    luminance, structure = similarity_maps(a, b)
    return float((luminance * structure)[inside].mean())


GAUSSIAN = window_mean(gaussian(SIZE, SIGMA))


def similarity_maps(a: RealImage, b: RealImage) -> tuple[RealImage, RealImage]:
    """The two factors of structural similarity in every full Gaussian window.

    Args:
        a: Brightness in [0, 1], float64 [rows, cols].
        b: Brightness of the other image, same shape.

    Returns:
        Luminance (2μₓμᵧ + C₁)/(μₓ² + μᵧ² + C₁) and contrast times structure
        (2σₓᵧ + C₂)/(σₓ² + σᵧ² + C₂), float64 [rows - 10, cols - 10].
    """
    return _factors(local_moments(a, b, GAUSSIAN).clipped())


def _factors(at: Moments) -> tuple[RealImage, RealImage]:
    structure = (2 * at.cov + C2) / (at.var_a + at.var_b + C2)
    return similarity_map(at.mean_a, at.mean_b, C1), structure


def ssim_uniform(image: RealImage, reference: RealImage, mask: Mask, *, size: int = 7) -> float:
    """Mean structural similarity inside the mask in uniform windows, in [-1, 1].

    Uses the sample covariance; a window counts if its centre is inside the mask, and borders are
    mirrored. Part of the simulated labels.

    Args:
        image: Brightness in [0, 1], float32 [rows, cols] (see :func:`ctiqa.hu.apply_window`).
        reference: Brightness of the reference, same shape.
        mask: Pixels that count, bool [rows, cols].
        size: Side of the local window in pixels, odd.

    Raises:
        UsageError: If the mask is empty or the shapes differ.

    >>> a = np.random.default_rng(0).random((16, 16), dtype=np.float32)
    >>> ssim_uniform(a, a, np.ones((16, 16), bool))
    1.0
    """
    check_pair(image, reference, mask)
    luminance, structure = _factors(_uniform_moments(image, reference, size))
    return float((luminance * structure)[mask].mean(dtype=np.float64))


def ssim_interior(image: RealImage, reference: RealImage, *, size: int = 7) -> float:
    """Mean structural similarity over all uniform windows inside the image, in [-1, 1].

    Equal to SSIM of scikit-image to the last bit; the label of DistilIQA.

    Args:
        image: Brightness in [0, 1], float64 [rows, cols], at least ``size`` pixels a side.
        reference: Brightness of the reference, same shape.
        size: Side of the local window in pixels, odd.

    >>> a = np.random.default_rng(0).random((16, 16))
    >>> ssim_interior(a, a)
    1.0
    """
    at = _uniform_moments(image, reference, size)
    over = (2 * at.mean_a * at.mean_b + C1) * (2 * at.cov + C2)
    under = (at.mean_a**2 + at.mean_b**2 + C1) * (at.var_a + at.var_b + C2)
    rim = size // 2
    rows, cols = image.shape
    # A single quotient: the product of two would differ in the last bit.
    return float((over / under)[rim : rows - rim, rim : cols - rim].mean())


def _uniform_moments(image: RealImage, reference: RealImage, size: int) -> Moments:
    """Moments with the sample (not population) covariance, as in the code of the authors."""
    mean = partial(ndimage.uniform_filter, size=size)
    return local_moments(image, reference, mean, unbiased=size**2 / (size**2 - 1))
