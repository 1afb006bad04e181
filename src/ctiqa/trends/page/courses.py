"""Control charts as the script reads them, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ctiqa.trends.page.choices import Choices
from ctiqa.trends.page.embedded import packed
from ctiqa.trends.page.words import TITLES, days_since_epoch, number, quantity, sentence
from ctiqa.trends.result import ControlChart, Point

LINES: tuple[str, ...] = ("value", "lower", "upper", "ewma", "ewma_lower", "ewma_upper")
"""Numbers of a point that are drawn."""


def course_data(chart: ControlChart, choices: Choices) -> dict[str, Any]:
    """A chart as the script reads it."""
    points = chart.points
    baseline = chart.baseline
    columns = {name: packed(numbers_of(points, name), "f4") for name in LINES}
    return {
        "pair": choices.pairs[chart.protocol, chart.scanner],
        "measure": chart.measure,
        "note": note_of(chart),
        "remark": remark_of(chart),
        "text": text_of(chart),
        "baseline": baseline
        and [days_since_epoch(baseline.first), days_since_epoch(baseline.last)],
        "days": packed([days_since_epoch(each.start) for each in points], "u4"),
        "n": packed([each.n for each in points], "u4"),
        "alarm": packed([is_alarm(each) for each in points], "u1"),
        **columns,
    }


def note_of(chart: ControlChart) -> str:
    """Unit and number of scans."""
    unit = f"{chart.unit}, " if chart.unit else ""
    others = f", {chart.n_other:,} others left out" if chart.n_other else ""
    return f"{unit}{quantity(chart.n, 'scan')}{others}"


def text_of(chart: ControlChart) -> str:
    """What a chart shows, for those who do not see it.

    The alarms are counted by period.
    """
    title = TITLES[chart.measure]
    alarms = sum(map(is_alarm, chart.points))
    centre = f"{number(chart.centre)} {chart.unit}".rstrip()
    return (
        f"{title} of {chart.label} by {chart.every}: {quantity(len(chart.points), 'period')} from "
        f"{chart.points[0].start} to {chart.points[-1].start}, centre {centre}, "
        f"{quantity(alarms, 'period')} with an alarm"
    )


def remark_of(chart: ControlChart) -> str | None:
    """Why there are no limits, or what to keep in mind, in a sentence."""
    return chart.note and sentence(chart.note, capital=True)


def is_alarm(point: Point) -> bool:
    """Whether a period is beyond a limit."""
    return point.beyond is not None or point.drift is not None


def numbers_of(points: Iterable[Point], name: str) -> list[float]:
    """One of ``LINES`` of all points; NaN where it is unknown."""
    found = (getattr(each, name) for each in points)
    return [math.nan if value is None else float(value) for value in found]
