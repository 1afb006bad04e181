"""Shewhart and EWMA limits of the means of periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from ctiqa.trends.control.periods import Periods
from ctiqa.trends.control.spread import Flags, Spread, spread_of
from ctiqa.trends.result import Every
from ctiqa.types import Floats

EWMA_WEIGHT = 0.2
"""Weight of the newest period: finds slow changes of one standard deviation soonest. Roberts SW.
Control chart tests based on geometric moving averages. Technometrics 1:239, 1959; choice of the
weight: Lucas JM, Saccucci MS. Technometrics 32:1, 1990."""

EWMA_CLIP = 3.0
"""Standard deviations that a period counts at most in the EWMA: one odd period is no drift."""

PERIODS_A_YEAR = {"day": 365, "week": 52, "month": 12}

RULES = 2
"""Limits that a period is compared with: Shewhart's and that of the EWMA."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Means of periods with their limits, all [periods].

    Attributes:
        value: Means of periods less the centre.
        limit: Shewhart limit: ± this.
        ewma: Exponentially weighted moving average.
        ewma_limit: Its limit: ± this.
    """

    value: Floats
    limit: Floats
    ewma: Floats
    ewma_limit: Floats


def tail_of(rate: float, charts: int, every: Every) -> float:
    """Probability of a false alarm that one limit of one period may have.

    Args:
        rate: False alarms a year over all charts.
        charts: Number of charts with limits.
        every: Length of the periods.

    >>> tail_of(1.0, 3, "week") == 1 / (52 * 2 * 3)
    True
    """
    return min(rate / (PERIODS_A_YEAR[every] * RULES * max(charts, 1)), 0.5)


def limit_factor(spread: Spread, tail: float) -> float:
    """Deviations to the limit: a quantile of Student's t, larger for a small baseline."""
    return float(student.isf(tail / 2, spread.freedom))


def without_odd(periods: Periods, baseline: Flags, least: float, tail: float) -> Flags:
    """The baseline without periods that the others would call out of control.

    One odd period would widen the limits and hide itself. The farthest one is compared with the
    limits that the others give, and so on, up to a quarter of the baseline.

    Args:
        periods: Periods of a chart.
        baseline: Periods of the baseline [periods].
        least: Least scatter between periods.
        tail: Probability that a period in control is beyond a limit.
    """
    kept = baseline.copy()
    for _ in range(int(baseline.sum()) // 4):
        spread = spread_of(periods, kept, least)
        far = np.abs(periods.means - spread.centre) / spread.of_means(periods.sizes)
        farthest = int(np.argmax(np.where(kept, far, -1.0)))
        others = kept.copy()
        others[farthest] = False
        spread = spread_of(periods, others, least)
        off = abs(periods.means[farthest] - spread.centre)
        if off <= shewhart_limit(periods, spread, tail)[farthest]:
            break
        kept = others
    return kept


def shewhart_limit(periods: Periods, spread: Spread, tail: float) -> Floats:
    """Distance of the limits from the centre [periods], the error of the centre included."""
    variance = spread.of_means(periods.sizes) ** 2 + spread.centre_error**2
    limit: Floats = limit_factor(spread, tail) * np.sqrt(variance)
    return limit


def course_of(periods: Periods, spread: Spread, tail: float) -> Course:
    """Means with limits that a period in control breaks with a given probability.

    Args:
        periods: Periods of a chart.
        spread: Scatter in control.
        tail: Probability, of both sides together.
    """
    value = periods.means - spread.centre
    ewma, variance = _averaged(value, spread.of_means(periods.sizes), periods.judged)
    return Course(
        value=value,
        limit=shewhart_limit(periods, spread, tail),
        ewma=ewma,
        ewma_limit=limit_factor(spread, tail) * np.sqrt(variance + spread.centre_error**2),
    )


def _averaged(value: Floats, deviation: Floats, judged: Flags) -> tuple[Floats, Floats]:
    """EWMA from the centre on, and its variance; periods with few scans leave it as it is."""
    clipped = np.clip(value, -EWMA_CLIP * deviation, EWMA_CLIP * deviation)
    weight = np.where(judged, EWMA_WEIGHT, 0.0)
    ewma, variance = np.zeros(value.size), np.zeros(value.size)
    level = spread = 0.0
    for index, part in enumerate(weight):
        level += part * (clipped[index] - level)
        spread = (1 - part) ** 2 * spread + (part * deviation[index]) ** 2
        ewma[index], variance[index] = level, spread
    return ewma, variance
