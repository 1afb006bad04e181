"""Which periods the limits come from."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import numpy.typing as npt

from ctiqa.trends.control.periods import LEAST_SCANS
from ctiqa.trends.control.spread import Flags
from ctiqa.trends.result import Every

PERIODS = {"day": 20, "week": 8, "month": 8}
"""Periods of the baseline, if there are enough: four weeks of days, two months of weeks."""

SHARE = 0.6
"""Most of the course that is baseline, so that something is left to compare with it."""

WANTED_SCANS = 40
"""Scans from which the scatter is known to a tenth or so; the baseline grows until it has them."""

LEAST_PERIODS = 3
LEAST_TOTAL = 20
"""Fewest periods and scans of a baseline. With fewer there are no limits."""

Days = npt.NDArray[np.datetime64]


def baseline_periods(
    days: Days, counts: npt.NDArray[np.intp], every: Every, stated: tuple[date, date] | None
) -> Flags:
    """Choose the periods of the baseline.

    These are the periods that overlap with the stated days, or else the first ones: 8 weeks or
    months, or 20 days, but not more than 60 % of all. Periods with few scans do not count.

    Args:
        days: First day of each period [periods].
        counts: Scans of each [periods].
        every: Length of the periods.
        stated: First and last day of the baseline, or ``None``.

    Returns:
        Whether a period is one of the baseline [periods]; none if there would be too few.
    """
    judged = counts >= LEAST_SCANS
    chosen = judged & _wanted(days, np.where(judged, counts, 0), every, stated)
    return chosen if is_enough(chosen, counts) else np.zeros_like(chosen)


def is_enough(chosen: Flags, counts: npt.NDArray[np.intp]) -> bool:
    """Whether there are enough periods and scans for limits."""
    return bool(chosen.sum() >= LEAST_PERIODS and counts[chosen].sum() >= LEAST_TOTAL)


def _wanted(
    days: Days, counts: npt.NDArray[np.intp], every: Every, stated: tuple[date, date] | None
) -> Flags:
    if stated is not None:
        first, last = (np.datetime64(day, "D") for day in stated)
        ends: Flags = (period_ends(days, every) >= first) & (days <= last)
        return ends
    order = np.cumsum(counts > 0)
    most = math.ceil(SHARE * int(order[-1]))
    enough = int(np.searchsorted(np.cumsum(counts), WANTED_SCANS))
    wanted = max(PERIODS[every], int(order[min(enough, days.size - 1)]))
    first_ones: Flags = order <= min(wanted, most)
    return first_ones


def period_ends(days: Days, every: Every) -> Days:
    """Last day of each period.

    >>> period_ends(np.array(["2026-02-01"], "datetime64[D]"), "month").astype(str).tolist()
    ['2026-02-28']
    """
    if every == "month":
        return (days.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    return days + np.timedelta64(0 if every == "day" else 6, "D")
