"""Differences of two scans with 95 % intervals over their slices.

Neighbouring slices are correlated, so the standard error of a mean is that of the moving-block
bootstrap along z, which has a closed form for means: Künsch HR. The jackknife and the bootstrap for
general stationary observations. Ann Stat 17(3):1217–1241, 1989. What blocks miss, because slices
are still correlated across their ends, is added after a first-order autoregressive model, as in
prewhitening: Andrews DWK, Monahan JC. Econometrica 60(4):953–966, 1992. Intervals use the quantile
of Student's t with the number of blocks minus one as degrees of freedom, because few blocks give an
uncertain error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ctiqa.types import Floats

LEVEL = 0.95
"""Confidence level of intervals."""

FEWEST_SLICES = 5
"""Smallest number of slices for an interval."""

FEWEST_FOR_CORRELATION = 9
"""Smallest number of slices that show how correlated neighbours are."""

LARGEST_CORRELATION = 0.8
"""Limit of the correlation of neighbours."""


@dataclass(frozen=True, slots=True)
class Error:
    """How uncertain a mean is.

    Attributes:
        variance: Variance of the mean.
        freedom: Degrees of freedom of that variance.
    """

    variance: float
    freedom: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean difference.

    Attributes:
        value: The difference B - A.
        low: Lower bound of the 95 % interval; ``None`` without an interval.
        high: Upper bound.
    """

    value: float
    low: float | None = None
    high: float | None = None


def paired(a: Floats, b: Floats) -> Estimate:
    """Mean difference of slices at the same position.

    Args:
        a: Values of A [n], in z order, n >= 1.
        b: Values of B at the same positions [n].

    Returns:
        The difference; without an interval for fewer than five slices.

    >>> paired(np.zeros(4), np.ones(4))
    Estimate(value=1.0, low=None, high=None)
    >>> paired(np.arange(8.0), np.arange(8.0) + 2)
    Estimate(value=2.0, low=2.0, high=2.0)
    """
    difference = b - a
    value = float(difference.mean())
    if len(difference) < FEWEST_SLICES:
        return Estimate(value)
    return _with_interval(value, [mean_error(difference)])


def unpaired(
    a: Floats, b: Floats, design_a: Floats, design_b: Floats, order_b: Sequence[int]
) -> Estimate:
    """Mean difference of slices of two scans that are matched by region and size.

    The errors of the two scans are independent. What region and size explain of the values is no
    error, because the slices are matched by them.

    Args:
        a: Values of A [n], in z order of A.
        b: Values of the slices of B matched to them [n].
        design_a: What explains the values of A [n, terms]: region and size.
        design_b: The same of B.
        order_b: Indices that put the values of B in z order of B.

    Returns:
        The difference; without an interval if fewer than five slices are left after the terms.

    >>> ones = np.ones((8, 1))
    >>> unpaired(np.zeros(8), np.ones(8), ones, ones, range(8))
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    value = float((b - a).mean())
    order = np.asarray(order_b)
    errors = [_residual_error(a, design_a), _residual_error(b[order], design_b[order])]
    known = [each for each in errors if each is not None]
    return _with_interval(value, known) if len(known) == len(errors) else Estimate(value)


def mean_error(values: Floats, terms: int = 1) -> Error:
    """Error of the mean of correlated values, by the moving-block bootstrap.

    Args:
        values: Values in order [n], n >= 2; of a fit its residuals.
        terms: Number of terms that were fitted, the mean included.

    >>> mean_error(np.array([1.0, -1.0] * 3)).variance
    0.0
    """
    count = len(values)
    length = max(2, round(math.sqrt(count)))
    rest = values - values.mean()
    sums = np.concatenate([[0.0], np.cumsum(rest)])
    means = (sums[length:] - sums[:-length]) / length
    blocks = count / length
    small_sample = count / (count - length) * count / (count - terms + 1)
    missed = _missed_by_blocks(_correlation(rest, terms), length)
    return Error(float(means.var()) / blocks * small_sample * missed, max(blocks - 1, 1.0))


def _correlation(rest: Floats, terms: int) -> float:
    """Correlation of neighbours, 0 to 0.8; 0 for few values, which do not show it.

    Corrected for the bias of short series: Kendall MG. Biometrika 41:403–404, 1954.
    """
    count, power = len(rest), float(rest @ rest)
    if count < FEWEST_FOR_CORRELATION or power == 0:
        return 0.0
    found = float(rest[1:] @ rest[:-1]) / power
    corrected = (count * found + terms) / max(count - 2 - terms, count / 2)
    return min(max(corrected, 0.0), LARGEST_CORRELATION)


def _missed_by_blocks(correlation: float, length: int) -> float:
    """Variance of the mean of a long series over that which blocks of a length show.

    >>> _missed_by_blocks(0.0, 4), round(_missed_by_blocks(0.5, 2), 6)
    (1.0, 2.0)
    """
    lags = np.arange(1, length)
    shown = 1 + 2 * float(((1 - lags / length) * correlation**lags).sum())
    return (1 + correlation) / (1 - correlation) / shown


def _residual_error(values: Floats, design: Floats) -> Error | None:
    """Error of the mean of what the design does not explain; ``None`` if too little is left."""
    fitted, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    if len(values) - int(rank) < FEWEST_SLICES - 1:
        return None
    return mean_error(values - design @ fitted, int(rank))


def _with_interval(value: float, errors: Sequence[Error]) -> Estimate:
    """Add the interval; degrees of freedom after Welch and Satterthwaite."""
    variance = sum(each.variance for each in errors)
    if variance == 0:
        return Estimate(value, value, value)
    freedom = variance**2 / sum(each.variance**2 / each.freedom for each in errors)
    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * math.sqrt(variance)
    return Estimate(value, value - half, value + half)
