"""The most frequent standard deviation: noise is everywhere, structure only here and there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.metrics.smoothing import gaussian_smoothed

SOFT_TISSUE_HU = (-150.0, 200.0)
"""CT numbers from fat to enhanced organs, where noise is measured."""


def most_frequent(deviations: npt.NDArray[np.floating]) -> float:
    """The mode of standard deviations, in their unit; NaN for fewer than 50.

    >>> deviations = np.concatenate([np.full(900, 10.0), np.linspace(20, 400, 2000)])
    >>> 9.5 < most_frequent(deviations) < 10.5
    True
    """
    if deviations.size < 50:
        return float("nan")
    # Logarithmic bins give 3 HU and 100 HU the same relative precision. Counts per HU keep the
    # long tail of structure, spread over wide bins, from becoming the mode.
    edges = np.geomspace(0.5, 500, 140)
    density = np.histogram(deviations, edges)[0] / np.diff(edges)
    peak = int(gaussian_smoothed(density, 2.5).argmax())
    return float(np.sqrt(edges[peak] * edges[peak + 1]))
