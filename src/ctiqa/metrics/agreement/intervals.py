"""Figures of agreement with their intervals, and whether one method is better than another."""

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
from ctiqa.metrics.agreement.bootstrap_estimates import figures_of_draws
from ctiqa.metrics.agreement.coefficients import Scores, agreement
from ctiqa.types import Floats

COMPARED = ("overall", "plcc", "srocc", "krocc", "mae")
"""Figures by which methods are compared unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that holds it when patients are redrawn.

    Attributes:
        value: The figure on all examples.
        low: Lower bound.
        high: Upper bound.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What one method has more of a figure than another, on the same redrawn patients.

    Attributes:
        first: A method.
        second: The method it is compared with.
        figure: Name of the figure.
        estimate: Figure of the first less that of the second.
        p: Two-sided bootstrap probability of no difference.
        p_holm: The same when all pairs of methods are looked at.
    """

    first: str
    second: str
    figure: str
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
    """Every figure of agreement with its interval when whole patients are redrawn.

    Percentile bootstrap of patients: Efron, Ann Stat 7:1–26, 1979. With fewer than some 20 patients
    such intervals are too narrow; say how many there were.

    Args:
        predicted: Predicted scores [n], in grades.
        label: True scores [n], in grades.
        clusters: Patient of every example [n].
        rng: Draws the patients.
        resamples: Number of redrawn sets.
        level: Coverage, in (0, 1).

    Returns:
        Every figure of :meth:`ctiqa.metrics.agreement.coefficients.Agreement.figures`, by name.

    Raises:
        UsageError: If pairs cannot be compared or there are fewer than two patients.

    >>> scores = np.array([0.0, 1.0, 2.0, 4.0])
    >>> rng = np.random.default_rng(0)
    >>> agreement_intervals(scores, scores - 0.5, np.arange(4), rng)["bias"]
    Estimate(value=0.5, low=0.5, high=0.5)
    """
    values = agreement(predicted, label).figures()
    drawn = figures_of_draws(predicted, label, draw_patients(clusters, rng, resamples))
    return {name: estimated(value, drawn[name], level) for name, value in values.items()}


def paired_differences(
    methods: Mapping[str, Scores],
    label: Scores,
    clusters: npt.NDArray[np.generic],
    rng: np.random.Generator,
    *,
    figures: Sequence[str] = COMPARED,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> tuple[Difference, ...]:
    """All pairs of methods on the same redrawn patients; what is hard for both cancels.

    Probabilities are adjusted over the pairs of methods, separately for every figure: the figures
    are different questions about the same pairs.

    Args:
        methods: Predicted scores [n] of every method, by name.
        label: True scores [n], in grades.
        clusters: Patient of every example [n].
        rng: Draws the patients.
        figures: Names of the figures to compare by.
        resamples: Number of redrawn sets.
        level: Coverage of the intervals, in (0, 1).

    Returns:
        Every pair of methods for the first figure, then for the next.

    Raises:
        UsageError: If there are fewer than two methods, unknown figures, pairs that cannot be
            compared or fewer than two patients.

    >>> label = np.linspace(0, 4, 40)
    >>> methods = {"high": label + 1, "right": label}
    >>> rng = np.random.default_rng(0)
    >>> found = paired_differences(methods, label, np.arange(40), rng, figures=["mae"])
    >>> found[0].estimate.value, found[0].p < 0.001
    (1.0, True)
    """
    if len(methods) < 2:
        raise UsageError(f"a comparison needs at least 2 methods, got {len(methods)}")
    draws = draw_patients(clusters, rng, resamples)
    values = {name: agreement(scores, label).figures() for name, scores in methods.items()}
    drawn = {name: figures_of_draws(scores, label, draws) for name, scores in methods.items()}
    unknown = sorted(set(figures) - set(next(iter(drawn.values()))))
    if unknown:
        known = ", ".join(next(iter(drawn.values())))
        raise UsageError(f"unknown figures: {', '.join(unknown)}; known are {known}")
    found: list[Difference] = []
    for figure in figures:
        found += _adjusted(
            [_difference(pair, figure, values, drawn, level) for pair in combinations(methods, 2)]
        )
    return tuple(found)


def estimated(value: float, drawn: Floats, level: float = LEVEL) -> Estimate:
    """A value with the percentile interval of its resamples [resamples]."""
    return Estimate(value, *percentile_interval(drawn, level))


def _difference(
    pair: tuple[str, str],
    figure: str,
    values: Mapping[str, Mapping[str, float]],
    drawn: Mapping[str, Mapping[str, Floats]],
    level: float,
) -> Difference:
    first, second = pair
    apart = drawn[first][figure] - drawn[second][figure]
    estimate = estimated(values[first][figure] - values[second][figure], apart, level)
    p = two_sided_p(apart)
    return Difference(first, second, figure, estimate, p, p)


def _adjusted(differences: Sequence[Difference]) -> list[Difference]:
    adjusted = holm([each.p for each in differences])
    return [replace(each, p_holm=p) for each, p in zip(differences, adjusted, strict=True)]
