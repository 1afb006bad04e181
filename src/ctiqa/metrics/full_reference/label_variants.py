"""How like its reference an image is: the measures that computed labels are made of.

All take images of one shape [rows, cols] in the unit named, and a boolean mask of the pixels
that count: a local window counts where its centre is inside. Higher is better except for
:func:`rmse`. The measures as published, from HU and with windows wholly inside the mask, are in
:mod:`ctiqa.metrics.full_reference.measures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.metrics.full_reference.images import Mask, check_finite, check_pair

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import Window
    from ctiqa.types import HuImage

__all__ = ["Mask", "gradient_similarity", "rmse", "ssim", "ssim_map", "vif"]

FloatImage = npt.NDArray[np.float32]


def rmse(image: HuImage, reference: HuImage, mask: Mask, window: Window | None = None) -> float:
    """Root mean square error inside the mask, in the unit of the images, ≥ 0.

    Args:
        image: Image, float32 [rows, cols].
        reference: Reference, float32 [rows, cols].
        mask: Pixels that count.
        window: CT numbers outside it are clipped to it; ``None`` clips nothing.

    Raises:
        UsageError: If the mask is empty, the shapes differ, or a pixel inside is not finite.

    >>> a = np.zeros((4, 4), np.float32)
    >>> rmse(a + 3, a, np.ones((4, 4), bool))
    3.0
    """
    check_pair(image, reference, mask)
    check_finite(image, reference, mask)
    if window is not None:
        image, reference = (np.clip(x, *window.range_hu) for x in (image, reference))
    difference = (image - reference)[mask].astype(np.float64)
    return float(np.sqrt(np.mean(difference**2)))


def ssim_map(image: FloatImage, reference: FloatImage, *, size: int = 7) -> FloatImage:
    """Structural similarity at every pixel for images in [0, 1].

    Wang Z, Bovik AC, Sheikh HR, Simoncelli EP. IEEE Trans Image Process 13(4):600–612, 2004,
    with a uniform window of ``size`` pixels and K₁ = 0.01, K₂ = 0.03.

    Returns:
        Similarity in [-1, 1], float32 [rows, cols].
    """
    c1, c2 = np.float32(0.01**2), np.float32(0.03**2)
    mean_a, mean_b = _mean(image, size), _mean(reference, size)
    # The sample covariance, as in the authors' code, not the population's.
    unbiased = np.float32(size**2 / (size**2 - 1))
    var_a = unbiased * (_mean(image * image, size) - mean_a**2)
    var_b = unbiased * (_mean(reference * reference, size) - mean_b**2)
    cov = unbiased * (_mean(image * reference, size) - mean_a * mean_b)
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * cov + c2) / (var_a + var_b + c2)
    return np.asarray(luminance * structure, dtype=np.float32)


def ssim(image: FloatImage, reference: FloatImage, mask: Mask, *, size: int = 7) -> float:
    """Mean structural similarity inside the mask, in [-1, 1]; 1 for equal images.

    Args:
        image: Brightness in [0, 1], float32 [rows, cols] (see :func:`ctiqa.hu.apply_window`).
        reference: The same for the reference.
        mask: Pixels that count.
        size: Side of the local window in pixels, odd.

    Raises:
        UsageError: If the mask is empty or the shapes differ.

    >>> a = np.random.default_rng(0).random((16, 16), dtype=np.float32)
    >>> ssim(a, a, np.ones((16, 16), bool))
    1.0
    """
    check_pair(image, reference, mask)
    return float(ssim_map(image, reference, size=size)[mask].mean(dtype=np.float64))


def gradient_similarity(
    image: FloatImage, reference: FloatImage, mask: Mask, *, constant: float = 0.0026
) -> float:
    """Mean gradient-magnitude similarity inside the mask, in (0, 1]; 1 for equal images.

    Xue W, Zhang L, Mou X, Bovik AC. IEEE Trans Image Process 23(2):684–695, 2014: Prewitt
    gradients; ``constant`` is their 170 on a 0–255 scale, squared units, for [0, 1].

    Raises:
        UsageError: If the mask is empty or the shapes differ.
    """
    check_pair(image, reference, mask)
    strength_a, strength_b = _gradient(image), _gradient(reference)
    c = np.float32(constant)
    similarity = (2 * strength_a * strength_b + c) / (strength_a**2 + strength_b**2 + c)
    return float(similarity[mask].mean(dtype=np.float64))


def vif(
    image: FloatImage, reference: FloatImage, mask: Mask, *, noise_variance: float, scales: int = 3
) -> float:
    """Pixel-domain visual information fidelity inside the mask; 1 for equal images, ≥ 0.

    Sheikh HR, Bovik AC. IEEE Trans Image Process 15(2):430–444, 2006, with three scales, mirrored
    borders and the smoothing of each scale before it is halved;
    :func:`ctiqa.metrics.full_reference.vif.vif` is the published one.

    Args:
        image: Image, float32 [rows, cols].
        reference: Reference, float32 [rows, cols].
        mask: Pixels that count.
        noise_variance: Variance of the visual noise in squared units of the images (2.0 on a
            0–255 scale in the paper).
        scales: Halvings of the resolution to sum over.

    Raises:
        UsageError: If the mask is empty or the shapes differ.
    """
    check_pair(image, reference, mask)
    kept = total = 0.0
    for scale in range(scales):
        sigma = (2 ** (scales - scale) + 1) / 5
        kept_here, total_here = _vif_scale(image, reference, mask, sigma, noise_variance)
        kept, total = kept + kept_here, total + total_here
        smooth = (ndimage.gaussian_filter(x, sigma)[::2, ::2] for x in (image, reference))
        image, reference = smooth
        mask = mask[::2, ::2]
    return kept / total if total > 0 else 1.0


def _vif_scale(
    image: FloatImage, reference: FloatImage, mask: Mask, sigma: float, noise: float
) -> tuple[float, float]:
    tiny = np.float32(1e-10)

    def blur(x: FloatImage) -> FloatImage:
        return np.asarray(ndimage.gaussian_filter(x, sigma, truncate=2.5), dtype=np.float32)

    mean_r, mean_i = blur(reference), blur(image)
    var_r = np.maximum(blur(reference * reference) - mean_r**2, 0)
    var_i = np.maximum(blur(image * image) - mean_i**2, 0)
    cov = blur(reference * image) - mean_r * mean_i
    gain = np.maximum(cov, 0) / (var_r + tiny)
    residual = np.maximum(var_i - gain * cov, tiny)
    kept = np.log1p(gain**2 * var_r / (residual + noise))[mask].sum(dtype=np.float64)
    total = np.log1p(var_r / noise)[mask].sum(dtype=np.float64)
    return float(kept), float(total)


def _mean(image: FloatImage, size: int) -> FloatImage:
    return np.asarray(ndimage.uniform_filter(image, size), dtype=np.float32)


def _gradient(image: FloatImage) -> FloatImage:
    across, down = ndimage.prewitt(image, axis=1) / 3, ndimage.prewitt(image, axis=0) / 3
    return np.asarray(np.hypot(across, down), dtype=np.float32)
