"""Agreement metrics with patient-clustered intervals, and differences between models.

The metrics of :mod:`ctiqa.metrics` are in grades; here they are in units of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ctiqa.evaluate.scale import DEFAULT_STEP, Scale
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.metrics.agreement.bootstrap import draw_patients, percentile_interval
from ctiqa.metrics.agreement.bootstrap_estimates import bootstrap_metrics
from ctiqa.metrics.agreement.coefficients import agreement, rounded_to
from ctiqa.metrics.agreement.intervals import Difference, Estimate, paired_differences
from ctiqa.types import Floats

SEED = 0
"""Every model, metric and run uses the same bootstrap resamples, so differences are paired."""

BANDS = 4
"""Bands of labels: the four grades of the scale."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """An agreement metric.

    Attributes:
        name: Key in files.
        title: Name on a page.
        meaning: Short explanation.
    """

    name: str
    title: str
    meaning: str


STATISTICS = (
    Statistic("overall", "Overall", "|PLCC| + |SROCC| + |KROCC|, 0 to 3"),
    Statistic("plcc", "PLCC", "Pearson’s correlation"),
    Statistic("srocc", "SROCC", "Spearman’s rank correlation"),
    Statistic("krocc", "KROCC", "Kendall’s τb, corrected for ties"),
    Statistic("krocc_a", "KROCC τa", "Kendall’s τa, not corrected for ties"),
    Statistic("concordance", "Concordance", "Lin’s coefficient: penalizes bias and scale"),
    Statistic("kappa", "Kappa", "Cohen’s kappa of the five grades, quadratic weights"),
    Statistic("mae", "MAE", "mean absolute error"),
    Statistic("rmse", "RMSE", "root mean squared error"),
    Statistic("mse", "MSE", "mean squared error"),
    Statistic("bias", "Bias", "mean of score − label"),
)
"""All metrics, in the order they are shown."""

METRIC_NAMES = tuple(statistic.name for statistic in STATISTICS)

UNITS = {"mae": 1, "rmse": 1, "bias": 1, "mse": 2}
"""Power of the unit of the labels that a metric has; all others have no unit."""

PART = ("mae", "rmse", "bias", "plcc")
"""Metrics of a part of the examples."""


@dataclass(frozen=True, slots=True)
class MetricEstimate:
    """A metric and its patient-clustered 95 % interval, ``None`` with a single patient."""

    value: float
    interval: tuple[float, float] | None


Estimates = Mapping[str, MetricEstimate]


@dataclass(frozen=True, slots=True)
class Part:
    """Metrics of a part of the examples: a band of labels, a region, a kernel."""

    name: str
    n: int
    patients: int
    estimates: Estimates


def metrics_of(scored: ScoredExamples, names: Sequence[str] = METRIC_NAMES) -> dict[str, float]:
    """Metrics in units of the labels, without intervals.

    Args:
        scored: Scores and labels.
        names: Metrics to compute.
    """
    values = agreement(*scored.grades).metrics()
    return {name: unit_of(name, scored.scale) * values[name] for name in names}


def estimates_of(
    scored: ScoredExamples, names: Sequence[str] = METRIC_NAMES
) -> dict[str, MetricEstimate]:
    """Metrics in units of the labels, with intervals.

    Args:
        scored: Scores and labels, by patient.
        names: Metrics to compute.
    """
    drawn: Mapping[str, Floats] = {}
    if scored.patients > 1:
        draws = draw_patients(scored.patient, np.random.default_rng(SEED))
        drawn = bootstrap_metrics(*scored.grades, draws)
    found = {}
    for name, value in metrics_of(scored, names).items():
        unit = unit_of(name, scored.scale)
        interval = percentile_interval(unit * drawn[name]) if drawn else None
        found[name] = MetricEstimate(value, interval)
    return found


def bands_of(scored: ScoredExamples) -> tuple[Part, ...]:
    """Errors in each of the four grades of the label; empty bands are left out."""
    band = np.minimum(np.floor(scored.grades[1]), BANDS - 1)
    ticks = scored.scale.ticks
    found = [(f"{ticks[k]}–{ticks[k + 1]}", band == k) for k in range(BANDS)]
    return tuple(part_of(name, scored, inside) for name, inside in found if inside.any())


def part_of(name: str, scored: ScoredExamples, inside: npt.NDArray[np.bool_]) -> Part:
    """Errors and correlation of the examples for which ``inside`` [n] is true."""
    part = scored.where(inside)
    return Part(name, len(part), part.patients, estimates_of(part, PART))


def rounded(score: Floats, step: float | None, scale: Scale) -> Floats:
    """Scores rounded to the grid of the labels, or to fifths of a grade if they have no grid.

    >>> rounded(np.array([1.49, 3.91]), None, Scale()).round(6).tolist()
    [1.4, 4.0]
    """
    grid = DEFAULT_STEP if step is None else step / scale.grade
    return scale.low + scale.grade * rounded_to(scale.grades(score), grid)


def differences(models: Mapping[str, ScoredExamples]) -> tuple[Difference, ...]:
    """All pairs of models on the same resamples; empty with a single model or patient."""
    first = next(iter(models.values()))
    if first.patients < 2 or len(models) < 2:
        return ()
    scores = {name: scored.grades[0] for name, scored in models.items()}
    rng = np.random.default_rng(SEED)
    found = paired_differences(scores, first.grades[1], first.patient, rng)
    return tuple(
        replace(each, estimate=_scaled(each.estimate, unit_of(each.metric, first.scale)))
        for each in found
    )


def unit_of(name: str, scale: Scale) -> float:
    """Factor that converts a metric from grades to units of the labels."""
    return float(scale.grade ** UNITS.get(name, 0))


def _scaled(estimate: Estimate, unit: float) -> Estimate:
    return Estimate(unit * estimate.value, unit * estimate.low, unit * estimate.high)
