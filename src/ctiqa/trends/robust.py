"""Statistics that a few odd scans do not change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.types import Floats

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation, of normal values."""

TRIM = 0.2
"""Share of the values that a trimmed mean leaves out at each end."""

TRIMMED_VARIANCE = 1.14
"""Variance of a mean trimmed by 20 % over that of the mean, of normal values: Tukey JW, McLaughlin
DH. Less vulnerable confidence and significance procedures for location. Sankhya A 25:331, 1963."""

ALL_PAIRS = 300
"""Most points whose slopes of all pairs are computed; of more, half as many pairs as points."""

HUBER = 1.5
"""Standard deviations from which a value counts as so much, in the Huber scale."""

HUBER_VARIANCE = 0.7785
"""Variance of standard normal values clipped at :data:`HUBER`."""


def mad_scale(values: Floats) -> float:
    """Robust standard deviation from the median absolute deviation; 0 without values.

    Hampel FR. The influence curve and its role in robust estimation. J Am Stat Assoc 69:383, 1974.

    >>> round(mad_scale(np.array([9.0, 10.0, 11.0, 1000.0])), 2)
    1.48
    """
    if values.size == 0:
        return 0.0
    return MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))


def theil_sen(x: Floats, y: Floats) -> float | None:
    """Median of the slopes of pairs of points.

    Theil H. A rank-invariant method of linear and polynomial regression analysis. Proc K Ned Akad
    Wet A 53:386, 1950. Of many points only those pairs count that are half of the points apart
    along x (his incomplete method).

    Args:
        x: Abscissae [n].
        y: Ordinates [n].

    Returns:
        The slope; ``None`` if no two abscissae differ.

    >>> theil_sen(np.arange(6.0), np.array([0.0, 2.0, 4.0, 6.0, 8.0, 99.0]))
    2.0
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if x.size <= ALL_PAIRS:
        first, second = np.triu_indices(x.size, 1)
    else:
        first = np.arange(x.size - x.size // 2)
        second = first + x.size // 2
    runs = x[second] - x[first]
    apart = runs > 0
    if not apart.any():
        return None
    return float(np.median((y[second] - y[first])[apart] / runs[apart]))


def trimmed_means(values: Floats, labels: npt.NDArray[np.intp], count: int) -> Floats:
    """Mean of each group of values, 20 % trimmed at each end.

    Args:
        values: Values [n].
        labels: Group of each value [n], from 0.
        count: Number of groups; each must have values.

    Returns:
        Means [count].

    >>> values = np.array([1.0, 2.0, 3.0, 4.0, 500.0, 7.0])
    >>> trimmed_means(values, np.array([0, 0, 0, 0, 0, 1]), 2).tolist()
    [3.0, 7.0]
    """
    order = np.lexsort((values, labels))
    values, labels = values[order], labels[order]
    sizes = np.bincount(labels, minlength=count)
    rank = np.arange(values.size) - (np.cumsum(sizes) - sizes)[labels]
    cut = np.floor(TRIM * sizes).astype(np.intp)[labels]
    kept = (rank >= cut) & (rank < sizes[labels] - cut)
    totals = np.bincount(labels[kept], weights=values[kept], minlength=count)
    means: Floats = totals / np.bincount(labels[kept], minlength=count)
    return means


def huber_variance(z: Floats) -> float:
    """Variance of standardised values about 0, in which far values count as not so far.

    Proposal 2 of Huber PJ. Robust estimation of a location parameter. Ann Math Stat 35:73, 1964.

    Args:
        z: Values [n], at least one.

    >>> huber_variance(np.array([-1.0, 1.0, -1.0, 1.0])) < 1.3
    True
    """
    variance = float(np.mean(z**2))
    for _ in range(30):
        if variance <= 0:
            return 0.0
        clipped = np.clip(z / np.sqrt(variance), -HUBER, HUBER)
        variance *= float(np.mean(clipped**2)) / HUBER_VARIANCE
    return variance
