"""Conformal calibration: the width of a prediction interval for a given coverage.

Split-conformal prediction with a locally scaled residual: Lei J et al. J Am Stat Assoc
113(523):1094–1111, 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.cards import IntervalRule
from ctiqa.evaluate.degradations import DEGRADATION, with_degradation
from ctiqa.evaluate.manifest_table import share
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.types import Floats

FEWEST_COVERED = 100
"""Fewest examples of a group whose coverage is reported."""

LEAST_FLOOR = 0.02
"""Smallest floor in grades, for a network with hardly any error."""


def calibrate(score: Floats, spread: Floats, label: Floats, level: float) -> IntervalRule:
    """Calibrate the interval width on held-out (validation) patients.

    Half width = quantile·√(spread² + floor²). The floor is the median error; without it, agreement
    among the ensemble outputs would be mistaken for certainty.

    Args:
        score: Score of every example in grades [n].
        spread: Standard deviation over the ensemble outputs [n].
        label: Label [n].
        level: Nominal coverage of the intervals, in (0, 1).

    Returns:
        The rule that gives the interval of any slice from its spread.

    >>> label = np.linspace(0, 4, 101)
    >>> calibrate(label + 0.1, np.zeros(101), label, 0.9)
    IntervalRule(level=0.9, quantile=1.0, floor=0.1)
    """
    error = np.abs(score - label)
    floor = float(max(np.median(error), LEAST_FLOOR))
    relative = error / np.hypot(spread, floor)
    n = len(relative)
    rank = min(np.ceil((n + 1) * level) / n, 1.0)
    quantile = float(np.quantile(relative, rank))
    return IntervalRule(level, round(quantile, 4), round(floor, 4))


def interval_coverage(
    rule: IntervalRule, score: Floats, spread: Floats, label: Floats, *, grade: float = 1.0
) -> float:
    """Empirical coverage: the share of labels inside their interval.

    Args:
        rule: The rule, calibrated in grades.
        score: Score of every example, clipped to the scale as users get it [n].
        spread: Standard deviation over the ensemble outputs [n].
        label: Label [n].
        grade: Size of one grade in score units.

    >>> rule = IntervalRule(level=0.9, quantile=2.0, floor=0.1)
    >>> interval_coverage(rule, np.array([1.0, 2.0]), np.zeros(2), np.array([1.1, 2.5]))
    0.5
    """
    half = rule.quantile * np.hypot(spread, grade * rule.floor)
    return float(np.mean(np.abs(score - label) <= half))


def coverage_by_group(rule: IntervalRule, scored: ScoredExamples) -> dict[str, dict[str, float]]:
    """Empirical coverage in every region and kind of degradation with enough examples.

    Args:
        rule: The rule, calibrated in grades.
        scored: Scores and labels, in grades.

    Returns:
        ``n`` and ``covered``, by group.
    """
    half = rule.quantile * np.hypot(scored.spread, rule.floor)
    inside = np.abs(scored.score - scored.label) <= half
    groups = dict(_groups(scored.examples.table))
    return {
        name: {"n": int(rows.sum()), "covered": round(share(inside[rows]), 4)}
        for name, rows in groups.items()
        if rows.sum() >= FEWEST_COVERED
    }


def _groups(table: pl.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    table = with_degradation(table)
    for column in ("region", DEGRADATION):
        if column in table.columns:
            values = table[column].fill_null("not known")
            yield from ((name, (values == name).to_numpy()) for name in values.unique().sort())
