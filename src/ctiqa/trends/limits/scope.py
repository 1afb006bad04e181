"""Which scans and charts a limit is for."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ctiqa.store.where import Condition
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.result import ControlChart, Every, Trends

if TYPE_CHECKING:
    import polars


def scans_of(trends: Trends, limit: Limit) -> polars.DataFrame:
    """The scans that match all patterns of a limit."""
    frame = trends.scans
    for condition in _conditions(limit):
        frame = frame.filter(condition.expression())
    return frame


def matches(limit: Limit, protocol: str | None, scanner: str | None) -> bool:
    """Whether a limit is for a chart."""
    facts: dict[str, Any] = {"protocol": protocol, "scanner": scanner}
    return all(condition.holds(facts) for condition in _conditions(limit))


def charts_of(trends: Trends, limit: Limit) -> list[ControlChart]:
    """The charts that match all patterns of a limit."""
    return [each for each in trends.charts if matches(limit, each.protocol, each.scanner)]


def first_day(trends: Trends, limit: Limit) -> date | None:
    """The first day that counts; ``None`` for all."""
    if limit.last_days is None or trends.last is None:
        return None
    return trends.last - timedelta(days=limit.last_days - 1)


def last_of_period(start: date, every: Every) -> date:
    """The last day of a period.

    >>> last_of_period(date(2026, 2, 1), "month"), last_of_period(date(2026, 1, 5), "week")
    (datetime.date(2026, 2, 28), datetime.date(2026, 1, 11))
    """
    if every == "month":
        return start.replace(day=monthrange(start.year, start.month)[1])
    return start + timedelta(days=6 if every == "week" else 0)


def _conditions(limit: Limit) -> list[Condition]:
    return [Condition(key, "text", "=", globs) for key, globs in limit.scope.items()]
