"""Paired differences to the input, with bootstrap intervals.

With several patients whole patients are resampled (:mod:`ctiqa.metrics.agreement.bootstrap`). With
one, blocks of consecutive slices are, because neighbouring slices are correlated: Künsch HR. The
jackknife and the bootstrap for general stationary observations. Ann Stat 17(3):1217–1241, 1989.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.metrics.agreement.bootstrap import RESAMPLES, Draws, draw_patients, percentile_interval
from ctiqa.types import Floats

SEED = 0
"""Seed of the resampling, so that a benchmark gives the same intervals again."""

BLOCKS = 10
"""Largest number of blocks of the slices of one patient."""

FEWEST_SLICES = 3
"""Smallest number of slices for an interval."""

Patients = npt.NDArray[np.intp]
"""Number of the patient of each slice [n]."""


@dataclass(frozen=True, slots=True)
class Change:
    """A measure of a method minus that of the input, averaged over slices.

    Attributes:
        value: Mean difference.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
        n: Number of slices at which both have the measure.
    """

    value: float
    low: float
    high: float
    n: int


def draw_slices(patients: Sequence[int]) -> Draws:
    """Bootstrap samples of patients, or of blocks of slices of a single patient.

    Args:
        patients: Number of the patient of each slice [n], n >= 2.

    >>> [int(draw_slices(each).owner.max()) + 1 for each in ([0] * 40, [0, 0, 1])]
    [10, 2]
    """
    clusters = np.asarray(patients, dtype=np.intp)
    if len(np.unique(clusters)) == 1:
        blocks = np.array_split(np.arange(len(clusters)), min(BLOCKS, len(clusters)))
        clusters = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
    return draw_patients(clusters, np.random.default_rng(SEED), RESAMPLES)


def paired_change(method: Floats, before: Floats, draws: Draws) -> Change | None:
    """The difference of two images in one measure.

    Args:
        method: Values of the method [n]; NaN where it has none.
        before: Values of the input [n].
        draws: Bootstrap samples of the slices.

    Returns:
        The mean difference; ``None`` if fewer than three slices have both values, or all of them
        belong to one resampled cluster.

    >>> draws = draw_slices([0] * 6)
    >>> paired_change(np.arange(6.0) + 2, np.arange(6.0), draws)
    Change(value=2.0, low=2.0, high=2.0, n=6)
    """
    with np.errstate(invalid="ignore"):
        difference = method - before
    known = np.isfinite(difference)
    owner = draws.owner[known]
    if known.sum() < FEWEST_SLICES or len(np.unique(owner)) < 2:
        return None
    clusters = draws.times.shape[1]
    sums = draws.times @ np.bincount(owner, difference[known], minlength=clusters)
    counts = draws.times @ np.bincount(owner, minlength=clusters).astype(np.float64)
    means = sums[counts > 0] / counts[counts > 0]
    low, high = percentile_interval(means)
    return Change(float(difference[known].mean()), low, high, int(known.sum()))
