"""Inter-reader agreement: the level that a method can be expected to reach.

A method is compared with the mean of several readers. Comparing each reader with the mean of the
others shows how well that mean can be predicted at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.bootstrap import LEVEL, RESAMPLES, draw_patients
from ctiqa.metrics.agreement.bootstrap_estimates import bootstrap_metrics
from ctiqa.metrics.agreement.coefficients import Agreement, agreement
from ctiqa.metrics.agreement.intervals import Estimate, estimate_with_interval
from ctiqa.metrics.agreement.kappa import graded, weighted_kappa
from ctiqa.types import Floats

SAME = 1e-12
"""Relative difference up to which scores count as equal."""

DECIMALS = 9
"""Decimals of a mean of readers, so that the order of summation cannot break ties."""


@dataclass(frozen=True, slots=True)
class InterReaderAgreement:
    """Agreement among readers.

    Attributes:
        each: Agreement of each reader with the mean of the others, in the given order.
        mean: Every metric averaged over the readers, with its confidence interval.
        pairwise_kappa: Weighted kappa averaged over all pairs of readers.
    """

    each: tuple[Agreement, ...]
    mean: dict[str, Estimate]
    pairwise_kappa: float


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """The six intraclass correlations of Shrout and Fleiss, Psychol Bull 86:420–428, 1979.

    1 if all readers give the same scores; 0 or less if examples differ no more than the scores of
    one example. Those of the mean of k readers have no lower bound. A quotient whose denominator
    is not positive (no variance, or only between readers) is reported as 0.

    Attributes:
        one_way: ICC(1,1): each example has its own readers; in [-1/(k-1), 1].
        absolute: ICC(2,1): readers are a random sample; differences in their level count.
        consistent: ICC(3,1): readers are fixed; differences in their level do not count; in
            [-1/(k-1), 1].
        one_way_mean: ICC(1,k), of the mean of all readers.
        absolute_mean: ICC(2,k), of the mean of all readers.
        consistent_mean: ICC(3,k), of the mean of all readers: Cronbach's alpha.
    """

    one_way: float
    absolute: float
    consistent: float
    one_way_mean: float
    absolute_mean: float
    consistent_mean: float


def inter_reader_agreement(
    scores: npt.ArrayLike,
    clusters: npt.NDArray[np.generic],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> InterReaderAgreement:
    """Agreement of each reader with the mean of the others, averaged over the readers.

    The mean of all but one reader is slightly noisier than the mean of all, which methods are
    compared with. A method may therefore slightly exceed the inter-reader agreement.

    Args:
        scores: Score of each reader for each example [readers, n], in grades.
        clusters: Patient of each example [n].
        rng: Random generator for the resampling, which all readers share.
        resamples: Number of bootstrap samples.
        level: Coverage of the intervals, in (0, 1).

    Raises:
        UsageError: If there are fewer than two readers or patients, or scores are missing.

    >>> scores = np.array([[0.0, 2.0, 4.0], [0.0, 2.0, 4.0], [1.0, 3.0, 4.0]])
    >>> found = inter_reader_agreement(scores, np.arange(3), np.random.default_rng(0))
    >>> [one.bias.__round__(3) for one in found.each], round(found.mean["bias"].value, 3)
    ([-0.333, -0.333, 0.667], 0.0)
    """
    read = _checked(scores)
    pairs = list(_against_the_others(read))
    draws = draw_patients(clusters, rng, resamples)
    each = tuple(agreement(reader, others) for reader, others in pairs)
    drawn = [bootstrap_metrics(reader, others, draws) for reader, others in pairs]
    values = [one.metrics() for one in each]
    mean = {
        name: estimate_with_interval(
            float(np.mean([one[name] for one in values])),
            np.mean([one[name] for one in drawn], axis=0),
            level,
        )
        for name in values[0]
    }
    kappas = [weighted_kappa(graded(one), graded(other)) for one, other in combinations(read, 2)]
    return InterReaderAgreement(each, mean, float(np.mean(kappas)))


def intraclass_correlation(scores: npt.ArrayLike) -> IntraclassCorrelation:
    """Share of the variance of scores that is due to the examples (Shrout and Fleiss 1979).

    Args:
        scores: Score of each reader for each example [readers, n].

    Returns:
        All six coefficients, always finite.

    Raises:
        UsageError: If there are fewer than two readers or examples, or scores are missing.

    >>> found = intraclass_correlation([[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2],
    ...                                 [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]])
    >>> round(found.one_way, 2), round(found.absolute, 2), round(found.consistent, 2)
    (0.17, 0.29, 0.71)
    """
    read = _checked(scores)
    k, n = read.shape
    if n < 2:
        raise UsageError(f"an intraclass correlation needs at least 2 examples, got {n}")
    examples, within, readers, rest = _mean_squares(read)
    between = (readers - rest) / n
    quotients = {
        "one_way": (examples - within, examples + (k - 1) * within),
        "absolute": (examples - rest, examples + (k - 1) * rest + k * between),
        "consistent": (examples - rest, examples + (k - 1) * rest),
        "one_way_mean": (examples - within, examples),
        "absolute_mean": (examples - rest, examples + between),
        "consistent_mean": (examples - rest, examples),
    }
    # Smaller squares are rounding errors of equal scores.
    least = (SAME * float(np.abs(read).max())) ** 2
    found = {name: a / b if b > least else 0.0 for name, (a, b) in quotients.items()}
    return IntraclassCorrelation(**found)


def _checked(scores: npt.ArrayLike) -> Floats:
    read = np.asarray(scores, dtype=np.float64)
    if read.ndim != 2 or len(read) < 2:
        raise UsageError(f"scores must be [readers, n] of at least 2 readers, got {read.shape}")
    missing = int(np.sum(~np.isfinite(read)))
    if missing:
        raise UsageError(
            f"{missing} scores are missing or not finite; keep the examples that all readers read"
        )
    return read


def _against_the_others(read: Floats) -> Iterator[tuple[Floats, Floats]]:
    for k in range(len(read)):
        others = np.delete(read, k, axis=0).mean(axis=0)
        yield read[k], np.round(others, DECIMALS)


def _mean_squares(read: Floats) -> tuple[float, float, float, float]:
    """Mean squares between examples, within examples, between readers, and of the residual."""
    k, n = read.shape
    by_example, by_reader, mean = read.mean(axis=0), read.mean(axis=1), read.mean()
    left = read - by_example - by_reader[:, None] + mean
    return (
        k * float(np.sum((by_example - mean) ** 2)) / (n - 1),
        float(np.sum((read - by_example) ** 2)) / (n * (k - 1)),
        n * float(np.sum((by_reader - mean) ** 2)) / (k - 1),
        float(np.sum(left**2)) / ((n - 1) * (k - 1)),
    )
