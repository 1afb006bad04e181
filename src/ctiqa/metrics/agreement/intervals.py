"""Confidence intervals of agreement metrics, and paired comparisons of methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.bootstrap import (
    LEVEL,
    RESAMPLES,
    draw_patients,
    holm,
    percentile_interval,
    two_sided_p,
)
from ctiqa.metrics.agreement.bootstrap_estimates import bootstrap_metrics
from ctiqa.metrics.agreement.coefficients import Scores, agreement
from ctiqa.types import Floats

COMPARED = ("overall", "plcc", "srocc", "krocc", "mae")
"""Default metrics by which methods are compared."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its bootstrap confidence interval.

    Attributes:
        value: The metric on all examples.
        low: Lower bound.
        high: Upper bound.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference between two methods in one metric, on the same bootstrap samples.

    Attributes:
        first: Name of the first method.
        second: Name of the second method.
        metric: Name of the metric.
        estimate: Metric of the first method minus that of the second.
        p: Two-sided bootstrap p-value.
        p_holm: p-value adjusted for all pairs of methods (Holm).
    """

    first: str
    second: str
    metric: str
    estimate: Estimate
    p: float
    p_holm: float


def agreement_intervals(
    predicted: Scores,
    label: Scores,
    clusters: npt.NDArray[np.generic],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> dict[str, Estimate]:
    """Every agreement metric with its confidence interval, clustered by patient.

    Percentile bootstrap that resamples whole patients: Efron, Ann Stat 7:1–26, 1979. With fewer
    than about 20 patients the intervals are too narrow, so report the number of patients.

    Args:
        predicted: Predicted scores [n], in grades.
        label: True scores [n], in grades.
        clusters: Patient of each example [n].
        rng: Random generator for the resampling.
        resamples: Number of bootstrap samples.
        level: Coverage, in (0, 1).

    Returns:
        Every metric of :meth:`ctiqa.metrics.agreement.coefficients.Agreement.metrics`, by name.

    Raises:
        UsageError: If pairs cannot be compared or there are fewer than two patients.

    >>> scores = np.array([0.0, 1.0, 2.0, 4.0])
    >>> rng = np.random.default_rng(0)
    >>> agreement_intervals(scores, scores - 0.5, np.arange(4), rng)["bias"]
    Estimate(value=0.5, low=0.5, high=0.5)
    """
    values = agreement(predicted, label).metrics()
    drawn = bootstrap_metrics(predicted, label, draw_patients(clusters, rng, resamples))
    return {
        name: estimate_with_interval(value, drawn[name], level) for name, value in values.items()
    }


def paired_differences(
    methods: Mapping[str, Scores],
    label: Scores,
    clusters: npt.NDArray[np.generic],
    rng: np.random.Generator,
    *,
    metrics: Sequence[str] = COMPARED,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> tuple[Difference, ...]:
    """Compare all pairs of methods on the same bootstrap samples.

    Pairing cancels the difficulty that the methods share. p-values are adjusted over the pairs of
    methods, separately for each metric, because each metric is a question of its own.

    Args:
        methods: Predicted scores [n] of each method, in grades, by name.
        label: True scores [n], in grades.
        clusters: Patient of each example [n].
        rng: Random generator for the resampling.
        metrics: Names of the metrics to compare.
        resamples: Number of bootstrap samples.
        level: Coverage of the intervals, in (0, 1).

    Returns:
        All pairs of methods for the first metric, then for the next.

    Raises:
        UsageError: If there are fewer than two methods or patients, a metric is unknown, or the
            scores cannot be compared with the labels.

    >>> label = np.linspace(0, 4, 40)
    >>> methods = {"high": label + 1, "right": label}
    >>> rng = np.random.default_rng(0)
    >>> found = paired_differences(methods, label, np.arange(40), rng, metrics=["mae"])
    >>> found[0].estimate.value, found[0].p < 0.001
    (1.0, True)
    """
    if len(methods) < 2:
        raise UsageError(f"a comparison needs at least 2 methods, got {len(methods)}")
    draws = draw_patients(clusters, rng, resamples)
    values = {name: agreement(scores, label).metrics() for name, scores in methods.items()}
    drawn = {name: bootstrap_metrics(scores, label, draws) for name, scores in methods.items()}
    unknown = sorted(set(metrics) - set(next(iter(drawn.values()))))
    if unknown:
        known = ", ".join(next(iter(drawn.values())))
        raise UsageError(f"unknown metrics: {', '.join(unknown)}; known are {known}")
    found: list[Difference] = []
    for metric in metrics:
        found += _adjusted(
            [_difference(pair, metric, values, drawn, level) for pair in combinations(methods, 2)]
        )
    return tuple(found)


def estimate_with_interval(value: float, drawn: Floats, level: float = LEVEL) -> Estimate:
    """A value with the percentile interval of its resamples [resamples]."""
    return Estimate(value, *percentile_interval(drawn, level))


def _difference(
    pair: tuple[str, str],
    metric: str,
    values: Mapping[str, Mapping[str, float]],
    drawn: Mapping[str, Mapping[str, Floats]],
    level: float,
) -> Difference:
    first, second = pair
    apart = drawn[first][metric] - drawn[second][metric]
    estimate = estimate_with_interval(values[first][metric] - values[second][metric], apart, level)
    p = two_sided_p(apart)
    return Difference(first, second, metric, estimate, p, p)


def _adjusted(differences: Sequence[Difference]) -> list[Difference]:
    adjusted = holm([each.p for each in differences])
    return [replace(each, p_holm=p) for each, p in zip(differences, adjusted, strict=True)]
