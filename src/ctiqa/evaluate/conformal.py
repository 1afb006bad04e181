"""Conformal calibration: the width of a prediction interval for a given coverage.

Split-conformal prediction with a locally scaled residual: Lei J et al. J Am Stat Assoc
113(523):1094–1111, 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.cards import IntervalRule, NoiseRule
from ctiqa.evaluate.degradations import DEGRADATION, with_degradation
from ctiqa.evaluate.manifest_table import share
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.noise_scale import LOG_NOISE_PER_GRADE
from ctiqa.types import SCORE_RANGE, Floats

FEWEST_COVERED = 100
"""Fewest examples of a group whose coverage is reported."""

LEAST_FLOOR = 0.02
"""Smallest floor in grades, for a network with hardly any error."""

LEAST_RELATIVE = 0.01
"""Smallest floor of the equivalent noise, as a relative error."""


def calibrate(score: Floats, spread: Floats, label: Floats, level: float) -> IntervalRule:
    """Calibrate the interval width on held-out (validation) patients.

    Half width = quantile·√(spread² + floor²). The floor is the median error; without it, agreement
    among the ensemble outputs would be mistaken for certainty. An interval is clipped to the scale,
    so for a label at its end it suffices that the interval reaches that end.

    Args:
        score: Score of every example in grades, not clipped [n].
        spread: Standard deviation over the ensemble outputs [n].
        label: Label, 0-4 [n].
        level: Nominal coverage of the intervals, in (0, 1).

    Returns:
        The rule that gives the interval of any slice from its spread.

    >>> label = np.linspace(0, 4, 101)
    >>> calibrate(np.minimum(label + 0.1, 4), np.zeros(101), label, 0.9)
    IntervalRule(level=0.9, quantile=1.0, floor=0.1)
    """
    floor = float(max(np.median(np.abs(_clipped(score) - label)), LEAST_FLOOR))
    relative = _miss(score, label) / np.hypot(spread, floor)
    return IntervalRule(level, round(_upper(relative, level), 4), round(floor, 4))


def calibrate_noise(found: Floats, true: Floats, spread: Floats, level: float) -> NoiseRule:
    """Calibrate how far the equivalent noise may be off, on held-out (validation) patients.

    As :func:`calibrate`, for the residual |ln(estimate/truth)|.

    Args:
        found: Estimates in HU [n].
        true: True equivalent noise in HU [n].
        spread: Standard deviation over the ensemble outputs in grades [n].
        level: Nominal coverage of the intervals, in (0, 1).

    Returns:
        The rule that gives the interval of any estimate from its spread.

    >>> true = np.geomspace(4, 64, 101)
    >>> rule = calibrate_noise(1.1 * true, true, np.zeros(101), 0.9)
    >>> round(rule.factor(), 2)
    1.1
    """
    residual = np.abs(np.log(found / true))
    floor = float(max(np.median(residual), LEAST_RELATIVE))
    relative = residual / np.hypot(spread * LOG_NOISE_PER_GRADE, floor)
    return NoiseRule(level, round(_upper(relative, level), 4), round(floor, 4))


def noise_coverage(rule: NoiseRule, found: Floats, true: Floats, spread: Floats) -> float:
    """Empirical coverage: the share of true equivalent noises inside their interval.

    Args:
        rule: The rule.
        found: Estimates in HU [n].
        true: True equivalent noise in HU [n].
        spread: Standard deviation over the ensemble outputs in grades [n].

    >>> rule = NoiseRule(level=0.9, quantile=2.0, floor=0.1)
    >>> noise_coverage(rule, np.array([10.0, 10.0]), np.array([11.0, 14.0]), np.zeros(2))
    0.5
    """
    factors = np.array([rule.factor(each) for each in spread])
    return share(np.abs(np.log(found / true)) <= np.log(factors))


def _upper(residual: Floats, level: float) -> float:
    """The conformal quantile: the share ``level`` of new residuals is at most this."""
    n = len(residual)
    return float(np.quantile(residual, min(np.ceil((n + 1) * level) / n, 1.0)))


def interval_coverage(rule: IntervalRule, score: Floats, spread: Floats, label: Floats) -> float:
    """Empirical coverage: the share of labels inside their interval.

    Args:
        rule: The rule.
        score: Score of every example in grades, not clipped [n].
        spread: Standard deviation over the ensemble outputs [n].
        label: Label, 0-4 [n].

    >>> rule = IntervalRule(level=0.9, quantile=2.0, floor=0.1)
    >>> interval_coverage(rule, np.array([1.0, 2.0, 4.5]), np.zeros(3), np.array([1.1, 2.5, 4.0]))
    0.6666666666666666
    """
    return share(_covered(rule, score, spread, label))


def _covered(
    rule: IntervalRule, score: Floats, spread: Floats, label: Floats
) -> npt.NDArray[np.bool_]:
    return np.asarray(_miss(score, label) <= rule.quantile * np.hypot(spread, rule.floor))


def _miss(score: Floats, label: Floats) -> Floats:
    """How far an interval around the score must reach for its clipped form to hold the label."""
    low, high = SCORE_RANGE
    missed = np.abs(score - label)
    beyond = ((label >= high) & (score >= high)) | ((label <= low) & (score <= low))
    return np.where(beyond, 0.0, missed)


def _clipped(score: Floats) -> Floats:
    return np.clip(score, *SCORE_RANGE)


def coverage_by_group(rule: IntervalRule, scored: ScoredExamples) -> dict[str, dict[str, float]]:
    """Empirical coverage in every region and kind of degradation with enough examples.

    Args:
        rule: The rule, calibrated in grades.
        scored: Scores and labels, in grades.

    Returns:
        ``n`` and ``covered``, by group.
    """
    inside = _covered(rule, scored.unclipped, scored.spread, scored.label)
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
