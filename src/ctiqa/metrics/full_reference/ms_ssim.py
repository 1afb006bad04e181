"""Multi-scale structural similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ctiqa.metrics.full_reference.images import halved, halved_mask, windowed_pair, windows_inside
from ctiqa.metrics.full_reference.ssim import SIZE, similarity_maps

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import HuImage

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents from the finest to the coarsest scale, from the observer study of the authors."""


def ms_ssim(image: HuImage, reference: HuImage, mask: Mask, window: DataWindow) -> float:
    """Multi-scale structural similarity inside the mask, in [0, 1]; 1 for equal images.

    l₅^w₅ · ∏ (cs)ⱼ^wⱼ over five scales, each with half the resolution of the previous one: cs is
    the mean contrast-structure term of SSIM, l the luminance term at the coarsest scale. Negative
    means count as 0, because their powers are not real.

    Wang Z, Simoncelli EP, Bovik AC. Multiscale structural similarity for image quality
    assessment. 37th Asilomar Conference on Signals, Systems and Computers, 1398–1402, 2003.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols].
        window: Display window applied to both.

    Raises:
        UsageError: If the shapes differ, a pixel inside the mask is not finite, or the mask holds
            no window of 11×11 pixels at the coarsest scale (176×176 pixels of the image).

    >>> from ctiqa.hu import Window
    >>> hu = np.random.default_rng(0).normal(40, 50, (176, 176)).astype("float32")
    >>> round(ms_ssim(hu, hu, np.ones(hu.shape, bool), Window(400, 40)), 6)
    1.0
    """
    a, b = windowed_pair(image, reference, mask, window)
    means = []
    for scale in range(len(SCALE_WEIGHTS)):
        inside = windows_inside(mask, SIZE, halvings=scale)
        luminance, structure = similarity_maps(a, b)
        coarsest = scale == len(SCALE_WEIGHTS) - 1
        similarity = luminance * structure if coarsest else structure
        means.append(max(float(similarity[inside].mean()), 0.0))
        a, b, mask = halved(a), halved(b), halved_mask(mask)
    return float(np.prod(np.power(means, SCALE_WEIGHTS)))
