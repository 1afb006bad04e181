"""Detect padding around the field of view or around a segmented body.

Scanners fill the area outside the circle with a value below that of air: -2000, -2048, -3024, -8192
or -32768 HU. It must not be mistaken for air with a wrong CT number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.hu import PLAUSIBLE_HU
from ctiqa.io.hu.histogram import Histogram

EXACT_SHARE = 0.8
"""Padding values hold at least this fraction of the pixels below air; resampling mixes the rest
with air. Air with a wrong CT number is noisy, so no two values hold as much of it."""

JITTERED_HU = -1500
"""Lossy compression smears padding over hundreds of HU; smeared padding must be below this."""

CIRCLE, CIRCLE_SHARE = 0.97, 0.85
"""At least this fraction of smeared padding is outside this part of the inscribed circle."""


def without_padding(histogram: Histogram, values: npt.NDArray[Any]) -> Histogram:
    """Remove padding from a histogram.

    Args:
        histogram: Histogram of ``values``.
        values: HU, [rows, cols] or [slices, rows, cols].

    Returns:
        The histogram of measured pixels; empty if everything is padding.

    >>> padded = np.full((256, 256), -3024)
    >>> padded[:, 100:] = -1000
    >>> without_padding(Histogram.of(padded), padded).share(-1000, -999)
    1.0
    """
    rest = histogram.without(_exact(histogram))
    if rest.share(stop=JITTERED_HU) > 0 and _is_outside(values):
        rest = rest.without(range(rest.low, JITTERED_HU))
    return rest


def _exact(histogram: Histogram) -> list[int]:
    """The one or two values that hold nearly all pixels too low for air."""
    low = histogram.counts[: max(int(PLAUSIBLE_HU[0]) - histogram.low, 0)]
    steps = np.flatnonzero(low)
    fullest = steps[np.argsort(low[steps])[-2:]]
    if low[fullest].sum() < EXACT_SHARE * low.sum():
        return []
    return [histogram.low + int(step) for step in fullest]


def _is_outside(values: npt.NDArray[Any]) -> bool:
    """Whether the pixels far below air are outside the circle, where no patient is."""
    rows, cols = values.shape[-2:]
    y, x = np.ogrid[:rows, :cols]
    far = np.hypot(y - (rows - 1) / 2, x - (cols - 1) / 2) > CIRCLE * min(rows, cols) / 2
    low = values < JITTERED_HU
    return bool((low & far).sum() >= CIRCLE_SHARE * low.sum())
