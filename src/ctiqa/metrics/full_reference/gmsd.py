"""Gradient magnitude similarity: its deviation (GMSD), and its mean for simulated labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ctiqa.metrics.full_reference.images import (
    GREYS,
    RealImage,
    check_pair,
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

_CONSTANT = 170.0 / GREYS**2
"""Stabilises flat regions, for brightness in [0, 1]."""

STEP = np.array([-1.0, 0.0, 1.0])
MEAN = np.full(3, 1 / 3)
"""The two factors of the Prewitt filter."""


def gmsd(image: HuImage, reference: HuImage, mask: Mask, window: DataWindow) -> float:
    """Gradient magnitude similarity deviation inside the mask, in [0, 0.5]; 0 for equal images.

    The standard deviation of (2mₓmᵧ + c)/(mₓ² + mᵧ² + c), where m is the magnitude of the Prewitt
    gradient at half resolution: an evenly distributed degradation disturbs less than a local one.
    Lower is better.

    Xue W, Zhang L, Mou X, Bovik AC. Gradient magnitude similarity deviation: a highly efficient
    perceptual image quality index. IEEE Trans Image Process 23(2):684–695, 2014.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols].
        window: Display window applied to both.

    Raises:
        UsageError: If the shapes differ, a pixel inside the mask is not finite, or the mask holds
            no window of 3×3 pixels at half resolution.

    >>> from ctiqa.hu import Window
    >>> hu = np.random.default_rng(0).normal(40, 50, (32, 32)).astype("float32")
    >>> mask = np.ones(hu.shape, bool)
    >>> gmsd(hu, hu, mask, Window(400, 40))
    0.0
    >>> gmsd(np.roll(hu, 1), hu, mask, Window(400, 40)) > 0.1
    True
    """
    a, b = (halved(x) for x in windowed_pair(image, reference, mask, window))
    inside = windows_inside(halved_mask(mask), len(MEAN), halvings=1)
    return float(similarity_map(_gradient(a), _gradient(b), _CONSTANT)[inside].std())


def _gradient(image: RealImage) -> RealImage:
    return np.asarray(np.hypot(filtered(image, STEP, MEAN), filtered(image, MEAN, STEP)))


def gradient_similarity(
    image: RealImage, reference: RealImage, mask: Mask, *, constant: float = 0.0026
) -> float:
    """Mean gradient magnitude similarity inside the mask, in (0, 1]; 1 for equal images.

    At full resolution and with mirrored borders. Part of the simulated labels.

    Args:
        image: Brightness in [0, 1], float32 [rows, cols].
        reference: Brightness of the reference, same shape.
        mask: Pixels that count, bool [rows, cols].
        constant: Stabilises flat regions; :data:`_CONSTANT`, rounded.

    Raises:
        UsageError: If the mask is empty or the shapes differ.
    """
    check_pair(image, reference, mask)
    m_a, m_b = _mirrored_gradient(image), _mirrored_gradient(reference)
    return float(similarity_map(m_a, m_b, constant)[mask].mean(dtype=np.float64))


def _mirrored_gradient(image: RealImage) -> RealImage:
    across, down = (ndimage.prewitt(image, axis=axis) / 3 for axis in (1, 0))
    return np.asarray(np.hypot(across, down))
