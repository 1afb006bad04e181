"""Where things lie in the drawings of the evaluation page; ``evaluation_drawings.html.j2`` draws.

All positions are per cent of the plot, so one drawing serves a phone, a desktop and paper. Scores
are drawn in grades; the ticks beside them are in units of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.dose_relations import EDGES, Relation, relations
from ctiqa.evaluate.evaluation import Measured
from ctiqa.evaluate.robustness.check import LABEL, SCORE, graded
from ctiqa.evaluate.robustness.report import PropertyReport
from ctiqa.evaluate.scale import Floats, Scale
from ctiqa.evaluate.statistics import Pairs, figures_of
from ctiqa.score.report.charts import UNITS

HALF_GRADES = 8
"""Labels are gathered in halves of a grade for the means with their intervals."""

FEWEST_IN_MEAN = 5
"""Fewest examples that a mean is drawn of."""

NORMAL_95 = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""

SPANS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Half heights, in grades, that an axis of differences may have."""

MOST_PICTURED = 3
"""Disagreements that are pictured in each direction."""


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean score of some examples, from the left and the top in per cent."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scatter:
    """Score against label.

    Attributes:
        dots: One dot an example, as an SVG path in a square of ``UNITS``.
        means: Mean score by half grade of the label, with its 95 % interval.
        ticks: Values on both axes with their distance from the low end in per cent.
    """

    dots: str
    means: tuple[Mean, ...]
    ticks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Score less label against their mean. Bland JM, Altman DG. Lancet 1:307–310, 1986.

    Attributes:
        dots: One dot an example.
        lines: Bias and limits of agreement: name, value, distance from the top in per cent.
        levels: Differences printed at the left, with their distance from the top.
        ticks: Means printed below, with their distance from the left.
    """

    dots: str
    lines: tuple[tuple[str, str, float], ...]
    levels: tuple[tuple[str, float], ...]
    ticks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Followed:
    """Score and label of one class of dose or views."""

    name: str
    n: int
    label: float
    score: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Following:
    """Score and label against dose or views in one region, from the most to the least."""

    region: str
    column: str
    rows: tuple[Followed, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An example whose score is far from its label; both in units of the labels."""

    row: Mapping[str, Any]
    score: float
    label: float


def scatter(pairs: Pairs) -> Scatter:
    """Lay out scores against labels."""
    scale = pairs.scale
    score, label = pairs.grades
    half = np.minimum(np.floor(label * 2), HALF_GRADES - 1)
    means = [_mean(pairs, half == k) for k in range(HALF_GRADES)]
    return Scatter(
        dots=_dots(label / 4, 1 - score / 4),
        means=tuple(mean for mean in means if mean),
        ticks=_ticks(scale),
    )


def _mean(pairs: Pairs, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> Mean | None:
    if inside.sum() < FEWEST_IN_MEAN:
        return None
    scale = pairs.scale
    own = pairs.where(inside)
    bias = figures_of(own, ("bias",))["bias"]
    middle = float(own.label.mean())
    low, high = bias.interval or (bias.value, bias.value)
    at, bottom, top = (
        _down(scale.grades(np.array([middle + each]))[0]) for each in (bias.value, low, high)
    )
    return Mean(_across(scale.grades(np.array([middle]))[0]), at, bottom, top)


def bland_altman(pairs: Pairs) -> BlandAltman:
    """Lay out differences against means."""
    scale = pairs.scale
    error = (pairs.score - pairs.label) / scale.grade
    middle = scale.grades((pairs.score + pairs.label) / 2)
    span = next((s for s in SPANS if np.abs(error).max(initial=0) <= s), SPANS[-1])
    bias, spread = float(error.mean()), NORMAL_95 * float(error.std(ddof=1))
    named = (("+1.96 SD", bias + spread), ("bias", bias), ("−1.96 SD", bias - spread))
    levels = (span, span / 2, 0.0, -span / 2, -span)
    return BlandAltman(
        dots=_dots(middle / 4, (1 - error / span) / 2),
        lines=tuple(
            (name, signed(value * scale.grade), round(50 * (1 - value / span), 2))
            for name, value in named
            if abs(value) <= span
        ),
        levels=tuple(
            (signed(level * scale.grade, "g"), 50 * (1 - level / span)) for level in levels
        ),
        ticks=_ticks(scale),
    )


def following(labelled: Labelled, model: Measured) -> tuple[Following, ...]:
    """Scores and labels against dose and views, region by region."""
    table = graded(labelled, labelled.examples, model.scores)
    found = []
    for column in EDGES:
        if column not in table.columns:
            continue
        known = table.filter(pl.col(column) > 0)
        by = [
            relations(known.with_columns(pl.col(source).alias("label")), column)
            for source in (SCORE, LABEL)
        ]
        found += [_following(score, label) for score, label in zip(*by, strict=True)]
    return tuple(each for each in found if len(each.rows) > 1)


def _following(score: Relation, label: Relation) -> Following:
    rows = [
        Followed(own.name, own.n, other.quantiles[2], own.quantiles)
        for own, other in zip(score.rows, label.rows, strict=True)
    ]
    return Following(score.region, score.column, tuple(rows))


def disagreements(labelled: Labelled, pairs: Pairs, *, above: bool) -> tuple[Disagreement, ...]:
    """The examples scored furthest above, or below, their labels; one a slice."""
    error = pairs.score - pairs.label
    order = np.argsort(-error if above else error, kind="stable").tolist()
    found: dict[str, Disagreement] = {}
    for number in order:
        if len(found) == MOST_PICTURED or (error[number] <= 0 if above else error[number] >= 0):
            break
        row = labelled.examples.table.drop("split").row(number, named=True)
        each = Disagreement(row, float(pairs.score[number]), float(pairs.label[number]))
        found.setdefault(str(row["shard"]).split(f"-{row.get('variant')}")[0], each)
    return tuple(found.values())


def change_span(report: PropertyReport, aim: str) -> float:
    """Half width, in grades, of the axis of changes of one aim: nine tenths of each fit."""
    outcomes = [each for each in report.outcomes if each.aim == aim]
    largest = max((abs(q) for each in outcomes for q in each.quantiles), default=0.0)
    return next((span for span in SPANS if largest <= span), SPANS[-1])


def along_change(change: float, span: float) -> float:
    """A change as a distance from the left end of its axis, in per cent.

    >>> along_change(0.5, 1.0), along_change(-9.0, 1.0)
    (75.0, 0.0)
    """
    return round(50 * (1 + min(max(change / span, -1.0), 1.0)), 2)


def signed(value: float, shape: str = ".2f") -> str:
    """A number with its sign, and a true minus.

    >>> signed(-0.254), signed(0.5, "g"), signed(-0.001), signed(0.0, "g")
    ('−0.25', '+0.5', '0.00', '0')
    """
    text = f"{value:+{shape}}"
    if not float(text):
        return text[1:]
    return text.replace("-", "−")


def _dots(x: Floats, y: Floats) -> str:
    """Dots at shares of the width and the height: lines of no length with round ends."""
    places = np.round(UNITS * np.clip(np.column_stack([x, y]), 0, 1)).astype(int).tolist()
    return "".join(f"M{across} {down}h0" for across, down in places)


def _ticks(scale: Scale) -> tuple[tuple[str, float], ...]:
    return tuple((text, 25.0 * k) for k, text in enumerate(scale.ticks))


def _across(grade: float) -> float:
    return round(25 * min(max(float(grade), 0.0), 4.0), 2)


def _down(grade: float) -> float:
    return round(100 - _across(grade), 2)


def within_scale(grades: Sequence[float]) -> tuple[float, ...]:
    """Grades as distances from the left in per cent."""
    return tuple(_across(grade) for grade in grades)
