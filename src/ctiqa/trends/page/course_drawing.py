"""Control charts laid out as drawings, which need no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ctiqa.score.report.page.charts import path
from ctiqa.trends.page.courses import (
    LINES,
    is_alarm,
    note_of,
    numbers_of,
    remark_of,
    text_of,
)
from ctiqa.trends.page.words import TITLES, days_since_epoch, number, within_sentence
from ctiqa.trends.result import ControlChart, Point

UNITS_DRAWN = 1000.0
"""Width and height of the square that lines are drawn in."""

MARGIN = 0.06
"""Share of a drawing above its highest and below its lowest value."""

STEPS = 5
"""Most intervals of an axis."""

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


def drawing_of(chart: ControlChart) -> Drawing:
    """Lay out a chart with at least one point."""
    points = chart.points
    start, end = days_since_epoch(points[0].start), days_since_epoch(points[-1].start)
    low, high = _range(points)
    place = _placing(start, end, low, high)
    return Drawing(
        title=chart.label,
        note=f"{within_sentence(TITLES[chart.measure])}, {note_of(chart)}",
        remark=remark_of(chart),
        text=text_of(chart),
        lines={name: _line(points, name, place) for name in LINES},
        dots=tuple(_percent(place(days_since_epoch(each.start), each.value)) for each in points),
        alarms=tuple(
            _percent(place(days_since_epoch(each.start), each.value))
            for each in points
            if is_alarm(each)
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
    values = [each for name in LINES for each in numbers_of(points, name) if math.isfinite(each)]
    low, high = min(values), max(values)
    margin = MARGIN * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _line(points: Sequence[Point], name: str, place: Callable[[float, float], Place]) -> str:
    """An SVG path through the known values, interrupted where one is unknown."""
    pairs = list(zip(points, numbers_of(points, name), strict=True))
    runs = [
        [place(days_since_epoch(point.start), value) for point, value in run]
        for known, run in groupby(pairs, key=lambda pair: math.isfinite(pair[1]))
        if known
    ]
    return "".join(path(run) for run in runs if len(run) > 1)


def _baseline(chart: ControlChart, place: Callable[[float, float], Place]) -> Place | None:
    if chart.baseline is None:
        return None
    left, right = (
        min(max(place(days_since_epoch(day), chart.centre)[0] / 10, 0), 100)
        for day in (chart.baseline.first, chart.baseline.last)
    )
    return round(left, 2), round(right - left, 2)


def _percent(place: Place) -> Place:
    return round(place[0] / 10, 2), round(place[1] / 10, 2)
