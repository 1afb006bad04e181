"""What was never measured: the padding around the field of view, or around a cut-out body.

Scanners fill what lies outside the circle with a value that no air has: -2000, -2048, -3024, -8192,
-32768 HU. It must not be taken for air at a wrong place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.hu import PLAUSIBLE_HU
from ctiqa.io.hu.histogram import Histogram

EXACT_SHARE = 0.8
"""Padding holds at least this share of what lies below; resampling blends the rest with air.
Air at a wrong place is noisy, so no two values hold as much of it."""

JITTERED_HU = -1500
"""Lossy compression smears padding over hundreds of HU; what is smeared so must lie below."""

CIRCLE, CIRCLE_SHARE = 0.97, 0.85
"""Smeared padding: at least this share of it lies outside this part of the inscribed circle."""


def without_padding(histogram: Histogram, values: npt.NDArray[Any]) -> Histogram:
    """Leave padding out of a histogram.

    Args:
        histogram: Of ``values``.
        values: HU, [rows, cols] or [slices, rows, cols].

    Returns:
        The histogram of what was measured; no pixels where all is padding.

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
    """The one or two values that hold nearly all of what is too low for air."""
    low = histogram.counts[: max(int(PLAUSIBLE_HU[0]) - histogram.low, 0)]
    steps = np.flatnonzero(low)
    fullest = steps[np.argsort(low[steps])[-2:]]
    if low[fullest].sum() < EXACT_SHARE * low.sum():
        return []
    return [histogram.low + int(step) for step in fullest]


def _is_outside(values: npt.NDArray[Any]) -> bool:
    """Whether the pixels far below air lie around the circle, as no patient does."""
    rows, cols = values.shape[-2:]
    y, x = np.ogrid[:rows, :cols]
    far = np.hypot(y - (rows - 1) / 2, x - (cols - 1) / 2) > CIRCLE * min(rows, cols) / 2
    low = values < JITTERED_HU
    return bool((low & far).sum() >= CIRCLE_SHARE * low.sum())
