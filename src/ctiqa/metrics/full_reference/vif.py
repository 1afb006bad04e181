"""Visual information fidelity in the pixel domain, as published."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ctiqa.metrics.full_reference.images import (
    GREYS,
    Image,
    filtered,
    gaussian,
    local_moments,
    shown,
    windows_inside,
)

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import Mask, Window
    from ctiqa.types import HuImage

SIZES = (17, 9, 5, 3)
"""Side of the Gaussian window (σ a fifth of it) from the finest scale to the coarsest."""

NOISE_VARIANCE = 2.0 / GREYS**2
"""Variance of the noise of the visual system, for brightness in [0, 1]."""

FLAT = 1e-12
"""Variance below which a window is flat: above rounding, far below one grey."""


def vif(image: HuImage, reference: HuImage, mask: Mask, window: Window) -> float:
    """Visual information fidelity inside the mask, ≥ 0; 1 for equal images, not symmetric.

    How much of what an observer learns from the reference is still in the image:
    Σ log(1 + g²σᵣ²/(σᵥ² + σₙ²)) / Σ log(1 + σᵣ²/σₙ²) over the windows of four scales, where
    g = σᵢᵣ/σᵣ² is the gain and σᵥ² = σᵢ² - g·σᵢᵣ what it does not explain. More contrast than
    in the reference gives more than 1.

    Sheikh HR, Bovik AC. Image information and visual quality. IEEE Trans Image Process
    15(2):430–444, 2006; in the pixel domain (VIFp) with the constants of the authors' release.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: The same for the reference.
        mask: Pixels that count, bool [rows, cols].
        window: Window in which both are shown.

    Returns:
        The fidelity; NaN where the reference is flat in this window and has nothing to lose.

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
    a, b = shown(image, reference, mask, window)
    kept = total = 0.0
    for scale, size in enumerate(SIZES):
        weights = gaussian(size, size / 5)
        if scale > 0:
            mask = windows_inside(mask, size, halvings=scale - 1)[::2, ::2]
            a, b = (filtered(x, weights, weights)[::2, ::2] for x in (a, b))
        inside = windows_inside(mask, size, halvings=scale)
        kept_here, total_here = _information(a, b, weights)
        kept += float(kept_here[inside].sum())
        total += float(total_here[inside].sum())
    return kept / total if total > 0 else math.nan


def _information(image: Image, reference: Image, weights: Image) -> tuple[Image, Image]:
    """What every window tells through the image, and through the reference, in nats."""
    _, _, var_i, var_r, cov = local_moments(image, reference, weights)
    var_r = np.where(var_r > FLAT, var_r, 0.0)
    gain = np.divide(np.maximum(cov, 0), var_r, out=np.zeros_like(cov), where=var_r > 0)
    unexplained = np.maximum(var_i - gain * cov, 0)
    kept = np.log1p(gain**2 * var_r / (unexplained + NOISE_VARIANCE))
    return np.asarray(kept), np.asarray(np.log1p(var_r / NOISE_VARIANCE))
