"""Every figure of agreement with its patient-clustered interval, and differences of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ctiqa.evaluate.labelled import Labelled
from ctiqa.evaluate.resampled import Pairs, draw_weights, pairs_of
from ctiqa.evaluate.scale import USUAL_STEP, Floats, Scale

RESAMPLES = 2000
LEVEL = 0.95
SEED = 0
"""The same patients are redrawn for every model, figure and run, so differences are paired."""

BANDS = 4
"""The scale is cut into its four grades."""

COMPARED = ("overall", "plcc", "srocc", "krocc", "mae")
"""Measures whose differences between models are tested."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of agreement.

    Attributes:
        name: Key in files.
        title: Name on a page.
        meaning: In a few words.
    """

    name: str
    title: str
    meaning: str


MEASURES = (
    Measure("overall", "Overall", "|PLCC| + |SROCC| + |KROCC|, 0 to 3"),
    Measure("plcc", "PLCC", "Pearson’s correlation"),
    Measure("srocc", "SROCC", "Spearman’s rank correlation"),
    Measure("krocc", "KROCC", "Kendall’s τb, ties taken into account"),
    Measure("krocc_a", "KROCC τa", "Kendall’s τa, ties count as misses"),
    Measure("concordance", "Concordance", "Lin’s coefficient: correlation less bias and scale"),
    Measure("kappa", "Kappa", "of the five grades, quadratic weights"),
    Measure("mae", "MAE", "mean absolute error"),
    Measure("rmse", "RMSE", "root mean square error"),
    Measure("mse", "MSE", "mean square error"),
    Measure("bias", "Bias", "mean of score less label"),
)
"""All measures, in the order they are shown."""

ERRORS = ("mae", "rmse", "bias")
"""Measures that a part of the examples is described by, besides its correlation."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and the 95 % interval when patients are redrawn; ``None`` with a single patient."""

    value: float
    interval: tuple[float, float] | None


Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of a part of the examples: a band of labels, a region, a kernel."""

    name: str
    n: int
    patients: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Difference:
    """What one model has more than another, on the same redrawn patients.

    Attributes:
        first: A model.
        second: The model it is compared with.
        measure: Name of the measure.
        value: Value of the first less that of the second.
        interval: 95 % interval of the difference.
        p: Two-sided bootstrap probability of a difference this far from 0.
        p_holm: The same when all pairs of models are looked at (Holm, Scand J Stat 6:65–70, 1979).
    """

    first: str
    second: str
    measure: str
    value: float
    interval: tuple[float, float]
    p: float
    p_holm: float


def figures_of(pairs: Pairs, names: Sequence[str] | None = None) -> dict[str, Figure]:
    """Measures with their intervals.

    Args:
        pairs: Predictions and labels by patient.
        names: Measures that are wanted; those that need no ranks are quick. ``None`` for all.
    """
    quick = names is not None and not {"overall", "srocc", "krocc", "krocc_a"} & set(names)
    of = pairs.errors if quick else pairs.measures
    once = of(np.ones((1, pairs.patients)))
    drawn = of(_weights(pairs.patients)) if pairs.patients > 1 else {}
    wanted = names or [measure.name for measure in MEASURES]
    return {
        name: Figure(float(once[name][0]), _interval(drawn[name]) if drawn else None)
        for name in wanted
    }


def bands_of(pairs: Pairs) -> tuple[Part, ...]:
    """Errors where the label lies in each of the four grades of the scale; empty ones left out."""
    grades = pairs.scale.grades(pairs.label)
    band = np.minimum(np.floor(grades), BANDS - 1)
    ticks = pairs.scale.ticks
    found = [(f"{ticks[k]}–{ticks[k + 1]}", band == k) for k in range(BANDS)]
    return tuple(part_of(name, pairs, inside) for name, inside in found if inside.any())


def part_of(name: str, pairs: Pairs, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> Part:
    """Errors and correlation of some of the examples."""
    own = pairs_of(pairs.score[inside], pairs.label[inside], pairs.owner[inside], pairs.scale)
    return Part(name, len(own.score), own.patients, figures_of(own, (*ERRORS, "plcc")))


def rounded(score: Floats, step: float | None, scale: Scale) -> Floats:
    """Scores on the grid of the labels; where they have none, in fifths of a grade.

    >>> rounded(np.array([1.49, 3.91]), None, Scale()).round(6).tolist()
    [1.4, 4.0]
    """
    grid = step or USUAL_STEP * scale.grade
    return scale.clip(scale.low + np.rint((score - scale.low) / grid) * grid)


def pairs_on(labelled: Labelled, score: Floats) -> Pairs:
    """Scores beside the labels they are measured by."""
    return pairs_of(score, labelled.label, labelled.patient, labelled.scale)


def differences(models: Mapping[str, Pairs]) -> tuple[Difference, ...]:
    """All pairs of models, on the same redrawn patients; empty with a single model or patient."""
    patients = next(iter(models.values())).patients
    if patients < 2 or len(models) < 2:
        return ()
    once = {name: pairs.measures(np.ones((1, patients))) for name, pairs in models.items()}
    drawn = {name: pairs.measures(_weights(patients)) for name, pairs in models.items()}
    found: list[Difference] = []
    for measure in COMPARED:
        rows = [_difference(a, b, measure, once, drawn) for a, b in combinations(models, 2)]
        adjusted = holm([row.p for row in rows])
        found += [
            Difference(**(asdict(row) | {"p_holm": p}))
            for row, p in zip(rows, adjusted, strict=True)
        ]
    return tuple(found)


def holm(p: Sequence[float]) -> list[float]:
    """Probabilities adjusted for their number (Holm 1979), in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p)
    least = 0.0
    for rank, place in enumerate(np.argsort(p, kind="stable").tolist()):
        least = max(least, min((len(p) - rank) * p[place], 1.0))
        adjusted[place] = least
    return adjusted


def _difference(
    first: str,
    second: str,
    measure: str,
    once: Mapping[str, Mapping[str, Floats]],
    drawn: Mapping[str, Mapping[str, Floats]],
) -> Difference:
    value = float(once[first][measure][0] - once[second][measure][0])
    sample = drawn[first][measure] - drawn[second][measure]
    # One is added to both counts: no finite number of resamples shows a probability of 0.
    tails = [(np.sum(side) + 1) / (len(sample) + 1) for side in (sample <= 0, sample >= 0)]
    p = float(min(2 * min(tails), 1.0))
    return Difference(first, second, measure, value, _interval(sample), p, p)


def _weights(patients: int) -> Floats:
    return draw_weights(patients, RESAMPLES, np.random.default_rng(SEED))


def _interval(sample: Floats) -> tuple[float, float]:
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(sample, (tail, 1 - tail))
    return float(low), float(high)
