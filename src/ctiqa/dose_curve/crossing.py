"""The dose at which a curve of scores falls to a target, with its bootstrap interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ctiqa.types import Floats

RESAMPLES = 1000
LEVEL = 0.9
"""Bootstrap samples, and coverage of their intervals."""

BELOW, ABOVE = 0.0, math.inf
"""Doses that stand for "less than the lowest simulated" and for "more than the slice has"."""

Interval = tuple[float, float]
"""Low and high end."""


def falling(curves: Floats) -> Floats:
    """Curves that never rise with falling dose, halfway between the two closest that do not.

    Args:
        curves: Scores [..., doses], from the highest dose to the lowest.

    >>> falling(np.array([4.0, 3.0, 3.2, 1.0])).tolist()
    [4.0, 3.1, 3.1, 1.0]
    """
    lower = np.minimum.accumulate(curves, axis=-1)
    upper = np.maximum.accumulate(curves[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray((lower + upper) / 2)


def crossing(doses: Sequence[float], curves: Floats, target: float) -> Floats:
    """The dose at which each curve falls to a target, interpolated on a logarithmic axis of dose.

    Args:
        doses: Dose fractions, falling from 1 [doses].
        curves: Scores [..., doses].
        target: The score.

    Returns:
        Dose fractions [...]; ``BELOW`` where the lowest dose still reaches the target, ``ABOVE``
        where the highest does not. A missing score counts as that of the next higher dose.

    >>> crossing([1.0, 0.25], np.array([[4.0, 2.0], [4.0, 3.5], [2.0, 1.0]]), 3.0).tolist()
    [0.5, 0.0, inf]
    """
    scores = falling(_carried(curves))
    first = np.argmax(scores < target, axis=-1)
    after = np.maximum(first, 1)
    high, low = (np.take_along_axis(scores, at[..., None], -1)[..., 0] for at in (after - 1, after))
    logs = np.log(np.asarray(doses))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip((high - target) / (high - low), 0, 1)
    found = np.exp(logs[after - 1] + share * (logs[after] - logs[after - 1]))
    found = np.where((scores >= target).all(axis=-1), BELOW, found)
    return np.where(scores[..., 0] < target, ABOVE, found)


def _carried(curves: Floats) -> Floats:
    """Curves in which the last score before it stands for a missing one."""
    known = ~np.isnan(curves)
    last = np.maximum.accumulate(np.where(known, np.arange(curves.shape[-1]), 0), axis=-1)
    return np.asarray(np.take_along_axis(curves, last, axis=-1))


def interval_of(values: Floats, level: float = LEVEL) -> Interval:
    """Percentile interval of values that may be infinite.

    >>> interval_of(np.array([0.1, 0.2, np.inf]))
    (0.1, inf)
    """
    ranked = np.sort(values)
    # Whole ranks: between a finite and an infinite value nothing can be interpolated.
    low = math.floor((1 - level) / 2 * (ranked.size - 1))
    return float(ranked[low]), float(ranked[ranked.size - 1 - low])


def resampled(scores: Floats, rng: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Median curves of bootstrap samples of slices, each with a bootstrap sample of its draws.

    Args:
        scores: Scores [slices, doses, draws]; NaN where there is none.
        rng: Random generator.
        resamples: Number of samples.

    Returns:
        Scores [resamples, doses].
    """
    slices, _, draws = scores.shape
    curves = np.empty((resamples, scores.shape[1]))
    for row in curves:
        chosen = rng.integers(slices, size=slices)
        drawn = rng.integers(draws, size=(slices, 1, draws))
        row[:] = typical(np.take_along_axis(scores[chosen], drawn, axis=2))
    return curves


def typical(scores: Floats) -> Floats:
    """Median over slices of the mean over draws; [slices, doses, draws] to [doses]."""
    means = mean_of_draws(scores)
    empty = np.isnan(means).all(axis=0)
    return np.where(empty, np.nan, np.nanmedian(np.where(empty, 0.0, means), axis=0))


def mean_of_draws(scores: Floats) -> Floats:
    """Mean over the draws that have a score, [..., draws] to [...]; NaN if none has."""
    known = np.isfinite(scores)
    count = known.sum(axis=-1)
    total = np.where(known, scores, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
