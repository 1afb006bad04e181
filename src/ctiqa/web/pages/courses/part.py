"""A part of trends: some protocols, scanners and days, with the limits of the whole.

Nothing is computed again: control limits come from the baseline, whatever days are shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from ctiqa.trends.limits.outcome import LimitsChecked
from ctiqa.trends.result import Alarm, ControlChart, Trends
from ctiqa.web.pages.parts.asked import UNKNOWN, Asked


def part_of(trends: Trends, asked: Asked) -> Trends:
    """The trends of what is asked for: protocol, scanner, and days.

    Args:
        trends: All trends that a viewer sees.
        asked: What is shown.
    """
    scans = trends.scans.with_row_index("before").filter(*_conditions(asked))
    rows = {before: row for row, before in enumerate(scans["before"])}
    first, last = scans["study_day"].min(), scans["study_day"].max()
    return replace(
        trends,
        scans=scans.drop("before"),
        n=scans.height,
        n_without_day=scans["study_day"].null_count(),
        first=first if isinstance(first, date) else None,
        last=last if isinstance(last, date) else None,
        groups=tuple(each for each in trends.groups if _fits(asked, each.protocol, each.scanner)),
        charts=tuple(
            _cut(each, asked) for each in trends.charts if _fits(asked, each.protocol, each.scanner)
        ),
        alarms=tuple(each for each in trends.alarms if _has_alarm(asked, each)),
        dose_lines=tuple(
            each for each in trends.dose_lines if _fits(asked, each.protocol, each.scanner)
        ),
        outliers=tuple(
            replace(each, row=rows[each.row]) for each in trends.outliers if each.row in rows
        ),
    )


def limits_of(limits: LimitsChecked | None, asked: Asked) -> LimitsChecked | None:
    """The outcome of the check of limits, for a protocol and scanner."""
    if limits is None:
        return None
    broken = [each for each in limits.violations if _fits(asked, each.protocol, each.scanner)]
    return replace(limits, violations=tuple(broken))


def _conditions(asked: Asked) -> list[pl.Expr]:
    found = [
        pl.col(name).fill_null(UNKNOWN) == pl.lit(getattr(asked, name))
        for name in ("protocol", "scanner")
        if getattr(asked, name) is not None
    ]
    day = pl.col("study_day")
    found += [] if asked.since is None else [(day >= asked.since).fill_null(value=False)]
    return found if asked.until is None else [*found, (day <= asked.until).fill_null(value=False)]


def _fits(asked: Asked, protocol: str | None, scanner: str | None) -> bool:
    return asked.protocol in {None, protocol or UNKNOWN} and asked.scanner in {
        None,
        scanner or UNKNOWN,
    }


def _cut(chart: ControlChart, asked: Asked) -> ControlChart:
    """A chart with the periods of the days that are shown."""
    since, until = asked.since or date.min, asked.until or date.max
    points = tuple(each for each in chart.points if since <= each.start <= until)
    return chart if len(points) == len(chart.points) else replace(chart, points=points)


def _has_alarm(asked: Asked, alarm: Alarm) -> bool:
    since, until = asked.since or date.min, asked.until or date.max
    return (
        alarm.last >= since and alarm.start <= until and _fits(asked, alarm.protocol, alarm.scanner)
    )
