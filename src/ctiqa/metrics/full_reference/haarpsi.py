"""Haar wavelet-based perceptual similarity index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from ctiqa.metrics.full_reference.images import (
    GREYS,
    Image,
    filtered,
    halved,
    halved_mask,
    similarity_map,
    windowed_pair,
    windows_inside,
)

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import HuImage

_SIZES = (2, 4, 8)
"""Sides of the Haar filters; the largest gives the weights, the others the similarity."""

_CONSTANT = 30.0 / GREYS**2
"""Stabilises flat regions (the paper's C), for brightness in [0, 1]."""

STEEPNESS = 4.2
"""Steepness of the logistic curve (the paper's α)."""


def haarpsi(image: HuImage, reference: HuImage, mask: Mask, window: DataWindow) -> float:
    """Haar wavelet-based perceptual similarity inside the mask, in [0, 1]; 1 for equal images.

    l⁻¹(Σ w·l(s) / Σ w)² with l(s) = 1/(1 + e^(-αs)), over pixels of half resolution and both
    directions: s is the mean similarity (2ab + C)/(a² + b² + C) of the absolute Haar coefficients
    a, b of sizes 2 and 4, and w the larger absolute coefficient of size 8, so that edges count.

    Reisenhofer R, Bosse S, Kutyniok G, Wiegand T. A Haar wavelet-based perceptual similarity
    index for image quality assessment. Signal Process Image Commun 61:33–43, 2018.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols].
        window: Display window applied to both.

    Returns:
        The similarity; NaN if both images are constant in this window, so that all weights are 0.

    Raises:
        UsageError: If the shapes differ, a pixel inside the mask is not finite, or the mask holds
            no window of 8×8 pixels at half resolution.

    >>> from ctiqa.hu import Window
    >>> hu = np.random.default_rng(0).normal(40, 50, (32, 32)).astype("float32")
    >>> mask = np.ones(hu.shape, bool)
    >>> round(haarpsi(hu, hu, mask, Window(400, 40)), 6)
    1.0
    """
    a, b = (halved(x) for x in windowed_pair(image, reference, mask, window))
    inside = windows_inside(halved_mask(mask), _SIZES[-1], halvings=1)
    weighted = total = 0.0
    for x, y, here in ((a, b, inside), (a.T, b.T, inside.T)):
        weight, similarity = (each[here] for each in _weight_and_similarity(x, y))
        weighted += float((weight * expit(STEEPNESS * similarity)).sum())
        total += float(weight.sum())
    return float(logit(weighted / total) / STEEPNESS) ** 2 if total > 0 else math.nan


def _weight_and_similarity(a: Image, b: Image) -> tuple[Image, Image]:
    """Weight and similarity of horizontal edges, at each pixel where the largest filter fits."""
    x, y = _coefficients(a), _coefficients(b)
    compared = zip(x[:-1], y[:-1], strict=True)
    similar = [similarity_map(p, q, _CONSTANT) for p, q in compared]
    return np.maximum(x[-1], y[-1]), np.asarray(np.mean(similar, axis=0))


def _coefficients(image: Image) -> list[Image]:
    """Absolute Haar coefficients of every size, centred on the same pixels."""
    found = []
    for size in _SIZES:
        step = np.repeat([1.0, -1.0], size // 2) / size
        cut = (_SIZES[-1] - size) // 2
        rows, cols = (length - size + 1 - cut for length in image.shape)
        found.append(np.abs(filtered(image, step, np.ones(size))[cut:rows, cut:cols]))
    return found
