"""Control charts for the script, and laid out as drawings for readers without it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ctiqa.score.report.page.charts import path
from ctiqa.trends.page.choices import Choices
from ctiqa.trends.page.embedded import packed
from ctiqa.trends.page.words import TITLES, days_since_epoch, number, quantity
from ctiqa.trends.result import ControlChart, Point

UNITS_DRAWN = 1000.0
"""Width and height of the square that lines are drawn in."""

MARGIN = 0.06
"""Share of a drawing above its highest and below its lowest value."""

STEPS = 5
"""Most intervals of an axis."""

LINES: tuple[str, ...] = ("value", "lower", "upper", "ewma", "ewma_lower", "ewma_upper")
"""Numbers of a point that are drawn."""

Place = tuple[float, float]
"""Distances from the left and the top."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A control chart, laid out.

    Attributes:
        title: Protocol and scanner.
        note: Measure, unit and number of scans.
        remark: Why there are no limits, or what to keep in mind; or ``None``.
        text: What it shows, for those who do not see it.
        lines: SVG paths by name, those of ``LINES``; empty if nothing is known.
        dots: Places of the values, in per cent.
        alarms: Places of the periods with an alarm, in per cent.
        baseline: Left end and width of the baseline, in per cent; ``None`` if there is none.
        values: Values to print at the axis, with their distances from the top in per cent.
        first: First day.
        last: First day of the last period.
    """

    title: str
    note: str
    remark: str | None
    text: str
    lines: dict[str, str]
    dots: tuple[Place, ...]
    alarms: tuple[Place, ...]
    baseline: Place | None
    values: tuple[tuple[str, float], ...]
    first: str
    last: str


def course_data(chart: ControlChart, choices: Choices) -> dict[str, Any]:
    """A chart as the script reads it."""
    points = chart.points
    baseline = chart.baseline
    columns = {name: packed(_floats(points, name), "f4") for name in LINES}
    return {
        "pair": choices.pairs[chart.protocol, chart.scanner],
        "measure": chart.measure,
        "note": note_of(chart),
        "remark": chart.note,
        "text": text_of(chart),
        "baseline": baseline and [_day(baseline.first), _day(baseline.last)],
        "days": packed([_day(each.start) for each in points], "u2"),
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


def is_alarm(point: Point) -> bool:
    """Whether a period is beyond a limit."""
    return point.beyond is not None or point.drift is not None


def drawing_of(chart: ControlChart) -> Drawing:
    """Lay out a chart with at least one point."""
    points = chart.points
    start, end = _day(points[0].start), _day(points[-1].start)
    low, high = _range(points)
    place = _placing(start, end, low, high)
    return Drawing(
        title=chart.label,
        note=f"{TITLES[chart.measure].lower()}, {note_of(chart)}",
        remark=chart.note,
        text=text_of(chart),
        lines={name: _line(points, name, place) for name in LINES},
        dots=tuple(_percent(place(_day(each.start), each.value)) for each in points),
        alarms=tuple(
            _percent(place(_day(each.start), each.value)) for each in points if is_alarm(each)
        ),
        baseline=_baseline(chart, place),
        values=tuple(
            (number(value), round(place(start, value)[1] / 10, 2))
            for value in ticks_between(low, high)
        ),
        first=f"{points[0].start}",
        last=f"{points[-1].start}",
    )


def ticks_between(low: float, high: float) -> list[float]:
    """Round values within a range.

    >>> ticks_between(11.3, 24.0), ticks_between(2.0, 2.0)
    ([15.0, 20.0], [2.0])
    """
    if high <= low:
        return [low]
    steps = (factor * 10.0**power for power in range(-6, 9) for factor in (1, 2, 5))
    step = next(step for step in steps if high - low <= step * STEPS)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _placing(start: float, end: float, low: float, high: float) -> Callable[[float, float], Place]:
    across, up = max(end - start, 1), high - low

    def place(day: float, value: float) -> Place:
        x = MARGIN / 2 + (1 - MARGIN) * (day - start) / across if end > start else 0.5
        return UNITS_DRAWN * x, UNITS_DRAWN * (high - value) / up

    return place


def _range(points: Sequence[Point]) -> tuple[float, float]:
    values = [each for name in LINES for each in _floats(points, name) if math.isfinite(each)]
    low, high = min(values), max(values)
    margin = MARGIN * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _line(points: Sequence[Point], name: str, place: Callable[[float, float], Place]) -> str:
    """An SVG path through the known values; steps for limits would need no more points."""
    known = zip(points, _floats(points, name), strict=True)
    places = [place(_day(point.start), value) for point, value in known if math.isfinite(value)]
    return path(places) if len(places) > 1 else ""


def _baseline(chart: ControlChart, place: Callable[[float, float], Place]) -> Place | None:
    if chart.baseline is None:
        return None
    left, right = (
        min(max(place(_day(day), chart.centre)[0] / 10, 0), 100)
        for day in (chart.baseline.first, chart.baseline.last)
    )
    return round(left, 2), round(right - left, 2)


def _percent(place: Place) -> Place:
    return round(place[0] / 10, 2), round(place[1] / 10, 2)


def _floats(points: Iterable[Point], name: str) -> list[float]:
    found = (getattr(each, name) for each in points)
    return [math.nan if value is None else float(value) for value in found]


def _day(day: Any) -> int:
    return days_since_epoch(day) or 0
