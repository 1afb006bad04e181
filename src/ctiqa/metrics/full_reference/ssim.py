"""Structural similarity as published: Gaussian windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctiqa.metrics.full_reference.images import (
    Image,
    gaussian,
    local_moments,
    shown,
    windows_inside,
)

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import Mask, Window
    from ctiqa.types import HuImage

SIZE = 11
"""Side of the local window in pixels."""

SIGMA = 1.5
"""Standard deviation of the local window in pixels."""

C1 = 0.01**2
C2 = 0.03**2
"""Stabilisers (K₁L)² and (K₂L)², for brightness in [0, 1]."""


def ssim(image: HuImage, reference: HuImage, mask: Mask, window: Window) -> float:
    """Mean structural similarity inside the mask, in [-1, 1]; 1 for equal images.

    (2μₓμᵧ + C₁)(2σₓᵧ + C₂) / ((μₓ² + μᵧ² + C₁)(σₓ² + σᵧ² + C₂)) in Gaussian windows of 11×11
    pixels (σ 1.5), averaged over the windows that lie wholly inside the mask.

    Wang Z, Bovik AC, Sheikh HR, Simoncelli EP. Image quality assessment: from error visibility to
    structural similarity. IEEE Trans Image Process 13(4):600–612, 2004.
    :func:`ctiqa.metrics.full_reference.label_variants.ssim` is the variant with a uniform window.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: The same for the reference.
        mask: Pixels that count, bool [rows, cols].
        window: Window in which both are shown.

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
    a, b = shown(image, reference, mask, window)
    inside = windows_inside(mask, SIZE)
    luminance, structure = similarity_maps(a, b)
    return float((luminance * structure)[inside].mean())


def similarity_maps(a: Image, b: Image) -> tuple[Image, Image]:
    """The two factors of structural similarity in every whole window.

    Args:
        a: Brightness in [0, 1], float64 [rows, cols].
        b: The same for the other image.

    Returns:
        Luminance (2μₓμᵧ + C₁)/(μₓ² + μᵧ² + C₁) and contrast times structure
        (2σₓᵧ + C₂)/(σₓ² + σᵧ² + C₂), float64 [rows - 10, cols - 10].
    """
    at = local_moments(a, b, gaussian(SIZE, SIGMA))
    luminance = (2 * at.mean_a * at.mean_b + C1) / (at.mean_a**2 + at.mean_b**2 + C1)
    structure = (2 * at.cov + C2) / (at.var_a + at.var_b + C2)
    return luminance, structure
