"""The most frequent value of a measurement that structure can only raise."""

from __future__ import annotations

import math

import numpy as np

from ctiqa.metrics.smoothing import gaussian_smoothed
from ctiqa.types import Floats

BIN = 0.05
"""Width of a bin of the histogram, as the logarithm of a standard deviation."""

SMOOTHING = 2.0
"""Smoothing of the histogram in bins."""

QUIETEST = math.log(10)
"""Values so far below the median do not count: a part of the image may hold no noise at all."""

REACH = math.log(1.25)
"""Half width, as a logarithm, of the range that counts as typical."""


def near_mode(powers: Floats) -> Floats:
    """The values around the mode of a set of powers.

    Most squares of tissue hold some structure, which spreads over all higher values. The mode is
    that of the standard deviations, in counts per HU, and is refined by the median of its
    surroundings.

    Args:
        powers: Powers in any unit, > 0 [n].

    Returns:
        Those whose square root is within 25 % of the most frequent one.

    >>> rng = np.random.default_rng(0)
    >>> noise = 100 * rng.chisquare(20, 400) / 20
    >>> structure = 100 * rng.uniform(1, 100, 600)
    >>> bool(85 < near_mode(np.concatenate([noise, structure])).mean() < 110)
    True
    """
    logs = np.log(powers) / 2
    low = float(np.median(logs)) - QUIETEST
    count = np.bincount(np.rint((logs[logs > low] - low) / BIN).astype(np.intp))
    density = count * np.exp(-BIN * np.arange(count.size))
    top = gaussian_smoothed(density, SMOOTHING, mirrored=False).argmax()
    mode = low + BIN * float(top)
    for _ in range(3):
        near = np.abs(logs - mode) < REACH
        mode = float(np.median(logs[near]))
    return np.asarray(powers[near])
