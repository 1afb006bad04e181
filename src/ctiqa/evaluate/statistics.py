"""Every figure of agreement with its patient-clustered interval, and differences of models.

The measures are those of :mod:`ctiqa.metrics`, which count in grades; here they are in units of
the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.scale import USUAL_STEP, Scale
from ctiqa.metrics.agreement.bootstrap import draw_patients, percentile_interval
from ctiqa.metrics.agreement.bootstrap_estimates import figures_of_draws
from ctiqa.metrics.agreement.coefficients import agreement, rounded_to
from ctiqa.metrics.agreement.intervals import Difference, Estimate, paired_differences
from ctiqa.types import Floats

SEED = 0
"""The same patients are redrawn for every model, figure and run, so differences are paired."""

BANDS = 4
"""The scale is cut into its four grades."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Predictions with their labels, by patient.

    Attributes:
        score: Predictions [n].
        label: Labels [n].
        patient: Patient of every example [n].
        scale: Scale of both.
    """

    score: Floats
    label: Floats
    patient: npt.NDArray[np.generic]
    scale: Scale

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(np.unique(self.patient))

    @property
    def grades(self) -> tuple[Floats, Floats]:
        """Predictions and labels in grades."""
        return self.scale.grades(self.score), self.scale.grades(self.label)

    def where(self, inside: npt.NDArray[np.bool_]) -> Pairs:
        """Some of the examples."""
        return Pairs(self.score[inside], self.label[inside], self.patient[inside], self.scale)


@dataclass(frozen=True, slots=True)
class Statistic:
    """A measure of agreement.

    Attributes:
        name: Key in files.
        title: Name on a page.
        meaning: In a few words.
    """

    name: str
    title: str
    meaning: str


STATISTICS = (
    Statistic("overall", "Overall", "|PLCC| + |SROCC| + |KROCC|, 0 to 3"),
    Statistic("plcc", "PLCC", "Pearson’s correlation"),
    Statistic("srocc", "SROCC", "Spearman’s rank correlation"),
    Statistic("krocc", "KROCC", "Kendall’s τb, ties taken into account"),
    Statistic("krocc_a", "KROCC τa", "Kendall’s τa, ties count as misses"),
    Statistic("concordance", "Concordance", "Lin’s coefficient: correlation less bias and scale"),
    Statistic("kappa", "Kappa", "of the five grades, quadratic weights"),
    Statistic("mae", "MAE", "mean absolute error"),
    Statistic("rmse", "RMSE", "root mean square error"),
    Statistic("mse", "MSE", "mean square error"),
    Statistic("bias", "Bias", "mean of score less label"),
)
"""All measures, in the order they are shown."""

UNITS = {"mae": 1, "rmse": 1, "bias": 1, "mse": 2}
"""Measures that have the unit of the labels, and its power; all others have none."""

PART = ("mae", "rmse", "bias", "plcc")
"""Measures that a part of the examples is described by."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and the 95 % interval when patients are redrawn; ``None`` with a single patient."""

    value: float
    interval: tuple[float, float] | None


Estimates = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of a part of the examples: a band of labels, a region, a kernel."""

    name: str
    n: int
    patients: int
    figures: Estimates


def figures_of(pairs: Pairs, names: Sequence[str] | None = None) -> dict[str, Figure]:
    """Measures with their intervals.

    Args:
        pairs: Predictions and labels by patient.
        names: Measures that are wanted; ``None`` for all.
    """
    score, label = pairs.grades
    once = agreement(score, label).figures()
    drawn: Mapping[str, Floats] = {}
    if pairs.patients > 1:
        draws = draw_patients(pairs.patient, np.random.default_rng(SEED))
        drawn = figures_of_draws(score, label, draws)
    found = {}
    for name in names or [measure.name for measure in STATISTICS]:
        unit = unit_of(name, pairs.scale)
        between = percentile_interval(unit * drawn[name]) if drawn else None
        found[name] = Figure(unit * once[name], between)
    return found


def bands_of(pairs: Pairs) -> tuple[Part, ...]:
    """Errors where the label lies in each of the four grades of the scale; empty ones left out."""
    band = np.minimum(np.floor(pairs.grades[1]), BANDS - 1)
    ticks = pairs.scale.ticks
    found = [(f"{ticks[k]}–{ticks[k + 1]}", band == k) for k in range(BANDS)]
    return tuple(part_of(name, pairs, inside) for name, inside in found if inside.any())


def part_of(name: str, pairs: Pairs, inside: npt.NDArray[np.bool_]) -> Part:
    """Errors and correlation of some of the examples."""
    own = pairs.where(inside)
    return Part(name, len(own.score), own.patients, figures_of(own, PART))


def rounded(score: Floats, step: float | None, scale: Scale) -> Floats:
    """Scores on the grid of the labels; where they have none, in fifths of a grade.

    >>> rounded(np.array([1.49, 3.91]), None, Scale()).round(6).tolist()
    [1.4, 4.0]
    """
    grid = USUAL_STEP if step is None else step / scale.grade
    return scale.low + scale.grade * rounded_to(scale.grades(score), grid)


def pairs_on(labelled: Labelled, score: Floats) -> Pairs:
    """Scores beside the labels they are measured by."""
    return Pairs(score, labelled.label, labelled.patient, labelled.scale)


def differences(models: Mapping[str, Pairs]) -> tuple[Difference, ...]:
    """All pairs of models, on the same redrawn patients; empty with a single model or patient."""
    first = next(iter(models.values()))
    if first.patients < 2 or len(models) < 2:
        return ()
    scores = {name: pairs.grades[0] for name, pairs in models.items()}
    rng = np.random.default_rng(SEED)
    found = paired_differences(scores, first.grades[1], first.patient, rng)
    return tuple(
        replace(each, estimate=_scaled(each.estimate, unit_of(each.figure, first.scale)))
        for each in found
    )


def unit_of(name: str, scale: Scale) -> float:
    """What a measure in grades is multiplied by to be in units of the labels."""
    return float(scale.grade ** UNITS.get(name, 0))


def _scaled(estimate: Estimate, unit: float) -> Estimate:
    return Estimate(unit * estimate.value, unit * estimate.low, unit * estimate.high)
