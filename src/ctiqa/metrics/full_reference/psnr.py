"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ctiqa.metrics.full_reference.rmse import rmse

if TYPE_CHECKING:
    from ctiqa.metrics.full_reference.images import DataWindow, Mask
    from ctiqa.types import HuImage

RANGE_HU = 4095.0
"""Peak without a window: 12 bits, from -1024 to 3071 HU."""


def psnr(
    image: HuImage,
    reference: HuImage,
    mask: Mask,
    window: DataWindow | None,
    *,
    cap_db: float = math.inf,
) -> float:
    """Peak signal-to-noise ratio inside the mask in dB; higher is better.

    20·log₁₀(peak / RMSE). The peak is a convention that shifts the scale, so report it with the
    value: it is the width of the window or, without a window, :data:`RANGE_HU`.

    Huynh-Thu Q, Ghanbari M. Scope of validity of PSNR in image/video quality assessment.
    Electron Lett 44(13):800–801, 2008.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols].
        window: Both images are clipped to it; ``None`` clips nothing.
        cap_db: Upper limit of the result, in dB. Equal images have an infinite ratio, which would
            dominate any mean over slices.

    Returns:
        PSNR in dB; ≥ 0 in a window, where RMSE ≤ peak; ``cap_db`` for equal images.

    Raises:
        UsageError: If the mask is empty, the shapes differ, or a pixel inside is not finite.

    >>> import numpy as np
    >>> from ctiqa.hu import Window
    >>> hu, mask = np.zeros((4, 4), np.float32), np.ones((4, 4), bool)
    >>> psnr(hu + 4, hu, mask, Window(400, 40))
    40.0
    >>> psnr(hu, hu, mask, None), psnr(hu, hu, mask, None, cap_db=100.0)
    (inf, 100.0)
    """
    error = rmse(image, reference, mask, window)
    low, high = (0.0, RANGE_HU) if window is None else window.range_hu
    return min(20 * math.log10((high - low) / error) if error > 0 else math.inf, cap_db)
