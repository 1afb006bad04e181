"""Charts of the evaluation page, and the content of its strips and pictures.

Scores are drawn in grades; tick labels are in units of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ctiqa.evaluate.dose_relations import EDGES, Relation, relations
from ctiqa.evaluate.pages.drawing import PAGE_COLOURS, dots, plot
from ctiqa.evaluate.robustness.report import RobustnessReport
from ctiqa.evaluate.scored import LABEL, SCORE, ScoredExamples
from ctiqa.evaluate.statistics import estimates_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 420
"""Side of a square chart in pixels."""

HALF_GRADES = 8
"""Number of bins of half a grade for the means with intervals."""

FEWEST_IN_MEAN = 5
"""Smallest number of examples for a mean."""

NORMAL_95 = 1.96
"""Half width of the central 95 % of a normal distribution, in standard deviations."""

SPANS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Possible half heights of an axis of differences, in grades."""

MOST_PICTURED = 3
"""Number of examples that are pictured in each direction."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Score and label of one class of dose or views."""

    name: str
    n: int
    label: float
    score: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Following:
    """Score and label against dose or views in one region, from the highest to the lowest."""

    region: str
    column: str
    rows: tuple[Followed, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An example whose score is far from its label; both in units of the labels."""

    row: Mapping[str, Any]
    score: float
    label: float


def scatter(scored: ScoredExamples) -> Figure:
    """Scores against labels, with the mean score per half grade of the label."""
    score, label = scored.grades
    figure, axes = plot(SIDE, SIDE)
    axes.plot((0, 4), (0, 4), color=PAGE_COLOURS["soft"], linewidth=1.2, linestyle=(0, (5, 4)))
    dots(axes, label, np.clip(score, 0, 4))
    half = np.minimum(np.floor(label * 2), HALF_GRADES - 1)
    for k in range(HALF_GRADES):
        if (half == k).sum() >= FEWEST_IN_MEAN:
            at, mean, low, high = mean_score(scored.where(half == k))
            axes.plot((at, at), (low, high), color=PAGE_COLOURS["ink"], linewidth=1.6)
            axes.plot(at, mean, "o", color=PAGE_COLOURS["ink"], markersize=7)
    axes.set_xlim(0, 4)
    axes.set_ylim(0, 4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(range(5), scored.scale.ticks)
    return figure


def mean_score(scored: ScoredExamples) -> tuple[float, float, float, float]:
    """Mean label and mean score of examples, with the 95 % interval of the score; in grades."""
    scale = scored.scale
    bias = estimates_of(scored, ("bias",))["bias"]
    middle = float(scored.label.mean())
    low, high = bias.interval or (bias.value, bias.value)
    values = middle + np.array([0.0, bias.value, low, high])
    at, mean, bottom, top = np.clip(scale.grades(values), 0, 4).tolist()
    return at, mean, bottom, top


def limits_of_agreement(scored: ScoredExamples) -> dict[str, float]:
    """Upper limit of agreement, bias and lower limit, in units of the labels.

    Bland JM, Altman DG. Lancet 1:307–310, 1986.
    """
    error = scored.score - scored.label
    bias, spread = float(error.mean()), NORMAL_95 * float(error.std(ddof=1))
    return {"+1.96 SD": bias + spread, "bias": bias, "−1.96 SD": bias - spread}


def bland_altman(scored: ScoredExamples) -> Figure:
    """Score − label against their mean, in units of the labels."""
    grade, ticks = scored.scale.grade, scored.scale.ticks
    error = scored.score - scored.label
    most = np.abs(error).max(initial=0) / grade
    span = grade * next((s for s in SPANS if most <= s), SPANS[-1])
    figure, axes = plot(SIDE, SIDE)
    dots(axes, scored.scale.grades((scored.score + scored.label) / 2), np.clip(error, -span, span))
    for name, value in limits_of_agreement(scored).items():
        dashed, colour = ("-", "ink") if name == "bias" else ((0, (4, 2.7)), "rust")
        if abs(value) <= span:
            axes.axhline(value, color=PAGE_COLOURS[colour], linewidth=1.6, linestyle=dashed)
    levels = [span, span / 2, 0.0, -span / 2, -span]
    axes.set_xlim(0, 4)
    axes.set_ylim(-span, span)
    axes.set_xticks(range(5), ticks)
    axes.set_yticks(levels, [signed(level, "g") for level in levels])
    return figure


def following(scored: ScoredExamples) -> tuple[Following, ...]:
    """Scores and labels against dose and views, by region."""
    table = scored.graded_table
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


def disagreements(scored: ScoredExamples, *, above: bool) -> tuple[Disagreement, ...]:
    """The examples scored furthest above, or below, their labels; one per slice."""
    error = scored.score - scored.label
    order = np.argsort(-error if above else error, kind="stable").tolist()
    found: dict[str, Disagreement] = {}
    for number in order:
        if len(found) == MOST_PICTURED or (error[number] <= 0 if above else error[number] >= 0):
            break
        row = scored.examples.table.drop("split").row(number, named=True)
        each = Disagreement(row, float(scored.score[number]), float(scored.label[number]))
        found.setdefault(str(row["shard"]).split(f"-{row.get('variant')}")[0], each)
    return tuple(found.values())


def change_span(report: RobustnessReport, aim: str) -> float:
    """Half width, in grades, of the axis of changes of one aim: the 90 % ranges fit."""
    outcomes = [each for each in report.outcomes if each.aim == aim]
    largest = max((abs(q) for each in outcomes for q in each.quantiles), default=0.0)
    return next((span for span in SPANS if largest <= span), SPANS[-1])


def along_change(changes: Sequence[float], span: float) -> tuple[float, ...]:
    """Changes as percentages of the width of their axis.

    >>> along_change((0.5, -9.0), 1.0)
    (75.0, 0.0)
    """
    return tuple(round(50 * (1 + min(max(each / span, -1.0), 1.0)), 2) for each in changes)


def signed(value: float, shape: str = ".2f") -> str:
    """A number with its sign, and a true minus sign.

    >>> signed(-0.254), signed(0.5, "g"), signed(-0.001), signed(0.0, "g")
    ('−0.25', '+0.5', '0.00', '0')
    """
    text = f"{value:+{shape}}"
    if not float(text):
        return text[1:]
    return text.replace("-", "−")


def _across(grade: float) -> float:
    return round(25 * min(max(float(grade), 0.0), 4.0), 2)


def within_scale(grades: Sequence[float]) -> tuple[float, ...]:
    """Grades as percentages of the width of the scale."""
    return tuple(_across(grade) for grade in grades)
