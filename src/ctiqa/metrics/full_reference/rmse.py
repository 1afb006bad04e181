"""Root mean square error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ctiqa.metrics.full_reference.images import check_finite, check_pair

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import HuImage


def rmse(image: HuImage, reference: HuImage, mask: Mask, window: DataWindow | None = None) -> float:
    """Root mean square error inside the mask, in the unit of the images, ≥ 0.

    Args:
        image: Image, float32 [rows, cols].
        reference: Reference, float32 [rows, cols].
        mask: Pixels that count, bool [rows, cols].
        window: Both images are clipped to it; ``None`` clips nothing.

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
