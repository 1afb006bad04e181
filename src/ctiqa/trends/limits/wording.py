"""Sentences about limits: what is broken or was not checked, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ctiqa.trends.limits.bounds import BOUNDS, DRIFTS
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.limits.outcome import group_label
from ctiqa.trends.result import Alarm, ControlChart


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "scan"), count(2, "scan")
    ('1 scan', '2 scans')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def broken_bound(
    group: tuple[str | None, str | None, str | None],
    limit: Limit,
    key: str,
    counted: tuple[int, int],
    worst: float,
) -> str:
    """A bound that scans break.

    Args:
        group: Protocol, scanner and kernel.
        limit: The limit.
        key: The bound.
        counted: Number of scans checked, and of those that break it.
        worst: The worst value.
    """
    bound, value = BOUNDS[key], limit.bounds[key]
    n, broken = counted
    label = group_label(*group, charted=False)
    beyond = "below" if bound.sense == "least" else "above"
    extreme = "lowest" if bound.sense == "least" else "highest"
    share = ""
    if limit.allowed_share is not None:
        share = f" ({100 * broken / n:.3g} %, and {100 * limit.allowed_share:.3g} % may)"
    return (
        f"{label}: {bound.title} {beyond} {bound.shown(value)} in {broken} of {count(n, 'scan')}"
        f"{share}, the {extreme} is {bound.shown_beyond(worst, value)}; {bound.remedy}"
    )


def drifted(
    chart: ControlChart, limit: Limit, key: str, worst: float, periods: Sequence[date]
) -> str:
    """A measure that has changed since the baseline."""
    drift = DRIFTS[key]
    direction = "higher" if worst > 0 else "lower"
    which = f"in {count(len(periods), chart.every)} from {periods[0]}"
    return (
        f"{chart.label}: the {drift.title} is up to {100 * abs(worst):.3g} % {direction} than in "
        f"the baseline {which}, {100 * limit.drifts[key]:.3g} % is allowed; {drift.remedy}"
    )


def too_many_alarms(newest: Alarm, number: int, most: int) -> str:
    """More alarms than allowed."""
    label = group_label(newest.protocol, newest.scanner, None, charted=True)
    allowed = "none is allowed" if most == 0 else f"{most} allowed"
    return f"{label}: {count(number, 'alarm')}, {allowed}; the newest: {newest.sentence}"


def no_scans(limit: Limit, key: str) -> str:
    """A limit for scans that do not occur."""
    return (
        f"{limit.name}: there is no scan of {limit.scope_text} for {key}; check the spelling, or "
        "remove the limit"
    )


def no_charts(limit: Limit, key: str) -> str:
    """A limit for courses that do not exist."""
    return (
        f"{limit.name}: there is no control chart of {limit.scope_text} for {key}; a chart takes "
        "enough scans of one protocol and scanner with a day"
    )


def no_value(limit: Limit, key: str, missing: int, n: int) -> str:
    """Scans whose value is unknown."""
    verb = "was" if missing == 1 else "were"
    return (
        f"{limit.name}: {missing} of {count(n, 'scan')} {verb} not checked for {key}: the "
        f"{BOUNDS[key].title} is unknown"
    )


def no_day(limit: Limit, key: str, undated: int) -> str:
    """Scans without a day, where only recent ones count."""
    verb = "was" if undated == 1 else "were"
    return (
        f"{limit.name}: {count(undated, 'scan')} {verb} not checked for {key}: the day is unknown; "
        "leave out last_days to check scans without a day"
    )


def few_scans(limit: Limit, key: str, few: int) -> str:
    """Groups that are too small for a share."""
    verb = "was" if few == 1 else "were"
    return (
        f"{limit.name}: {count(few, 'group')} with fewer than {limit.least_scans} scans {verb} not "
        f"checked for {key}; a smaller least_scans would check them"
    )


def few_in_periods(limit: Limit, key: str, few: int) -> str:
    """Periods with too few scans for a drift."""
    verb = "was" if few == 1 else "were"
    return (
        f"{limit.name}: {count(few, 'period')} with fewer than {limit.least_scans} scans {verb} "
        f"not checked for {key}; longer periods (--by month) or a smaller least_scans would check "
        "them"
    )


def no_baseline(limit: Limit, key: str, lost: int, n: int) -> str:
    """Charts without a baseline."""
    verb = "was" if lost == 1 else "were"
    return (
        f"{limit.name}: {lost} of {count(n, 'chart')} {verb} not checked for {key}: there are too "
        "few scans for a baseline; state an earlier or longer one with --baseline"
    )
