"""Alarms: which periods are out of control, and what is said about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np

from ctiqa.trends.control.limits import Course
from ctiqa.trends.control.preparing import Prepared
from ctiqa.trends.control.spread import Flags, Spread
from ctiqa.trends.result import Alarm, ChartedMeasure, Every, label_of
from ctiqa.types import Floats

AlarmKind = Literal["shift", "drift"]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A chart with limits.

    Attributes:
        prepared: What the limits were computed from.
        baseline: Periods of the baseline that count [periods].
        spread: Scatter in control.
        course: Means and limits.
    """

    prepared: Prepared
    baseline: Flags
    spread: Spread
    course: Course

    def beyond(self, kind: AlarmKind) -> Floats:
        """Distance from the centre in units of that of the limit [periods], with its sign."""
        course, judged = self.course, self.prepared.periods.judged
        if kind == "shift":
            return np.where(judged, course.value / course.limit, 0.0)
        return np.where(judged, course.ewma / course.ewma_limit, 0.0)

    def changes(self, kind: AlarmKind) -> Floats:
        """What is judged [periods], on the scale of comparison."""
        return self.course.value if kind == "shift" else self.course.ewma


Key = tuple[str | None, str | None]
"""Protocol and scanner."""


def alarms_of(
    key: Key, measure: ChartedMeasure, charts: Mapping[ChartedMeasure, Judged], every: Every
) -> tuple[Alarm, ...]:
    """Alarms of one chart, in order of time.

    Args:
        key: Protocol and scanner.
        measure: Measure of the chart.
        charts: Charts with limits of this protocol and scanner, which sentences mention, too.
        every: Length of the periods.
    """
    chart = charts[measure]
    kinds: tuple[AlarmKind, ...] = ("shift", "drift")
    found = [
        _alarm(key, chart, kind, run, charts=charts, every=every)
        for kind in kinds
        for run in _runs(chart.beyond(kind))
    ]
    return tuple(sorted(found, key=lambda alarm: (alarm.start, alarm.kind != "shift")))


def events(alarms: Sequence[Alarm], order: Sequence[ChartedMeasure]) -> tuple[Alarm, ...]:
    """One alarm of those of a protocol and scanner whose periods overlap; the newest first.

    Args:
        alarms: Alarms of all charts.
        order: Measures; the alarm of the first one stands for the others, and a shift for a drift.
    """
    by_chart: dict[Key, list[list[Alarm]]] = {}
    for alarm in sorted(alarms, key=lambda each: (each.start, each.last)):
        groups = by_chart.setdefault((alarm.protocol, alarm.scanner), [])
        if groups and alarm.start <= max(each.last for each in groups[-1]):
            groups[-1].append(alarm)
        else:
            groups.append([alarm])
    chosen = [
        min(group, key=lambda each: (order.index(each.measure), each.kind != "shift", each.start))
        for groups in by_chart.values()
        for group in groups
    ]
    return tuple(sorted(chosen, key=lambda each: (each.last, each.distance), reverse=True))


def _runs(beyond: Floats) -> Iterator[slice]:
    """Successive periods beyond the same limit."""
    sides = np.where(np.abs(beyond) > 1, np.sign(beyond), 0)
    borders = np.flatnonzero(np.diff(sides, prepend=0, append=0))
    for start, stop in pairwise(borders.tolist()):
        if sides[start] != 0:
            yield slice(start, stop)


def _alarm(
    key: Key,
    chart: Judged,
    kind: AlarmKind,
    run: slice,
    *,
    charts: Mapping[ChartedMeasure, Judged],
    every: Every,
) -> Alarm:
    periods, measure = chart.prepared.periods, chart.prepared.measure
    distance = np.abs(chart.beyond(kind)[run])
    worst = run.start + int(np.argmax(distance))
    change = float(chart.changes(kind)[worst])
    days: list[date] = periods.days[run].tolist()
    n = int(periods.n[run].sum())
    facts = [
        f"{measure.against_baseline(change)} ({_scans(n)})",
        *_others(measure.name, periods.days[worst], kind, charts),
    ]
    if kind == "drift":
        facts.append("a slow change, seen in the moving average")
    return Alarm(
        protocol=key[0],
        scanner=key[1],
        measure=measure.name,
        kind=kind,
        direction="high" if change > 0 else "low",
        start=days[0],
        last=days[-1],
        n=n,
        change=measure.shown(change),
        distance=float(distance.max()),
        sentence=f"{_when(days, every)}, {label_of(*key)}: {', '.join(facts)}",
    )


def _others(
    own: ChartedMeasure,
    day: np.datetime64,
    kind: AlarmKind,
    charts: Mapping[ChartedMeasure, Judged],
) -> Iterator[str]:
    """The other measures in the same period."""
    for name, chart in charts.items():
        periods = chart.prepared.periods
        index = np.flatnonzero((periods.days == day) & periods.judged)
        if name != own and index.size:
            change = float(chart.changes(kind)[index[0]])
            yield chart.prepared.measure.against_baseline(change, short=True)


def _when(days: Sequence[date], every: Every) -> str:
    """The periods in words.

    >>> _when([date(2026, 3, 2)], "week"), _when([date(2026, 3, 1), date(2026, 4, 1)], "month")
    ('week of 2026-03-02', 'months 2026-03 to 2026-04')
    """
    texts = [day.isoformat()[: 7 if every == "month" else 10] for day in (days[0], days[-1])]
    named = {"day": "", "week": "week of ", "month": "month "}[every]
    if len(days) == 1:
        return named + texts[0]
    plural = named.replace("week", "weeks").replace("month", "months")
    return f"{plural}{texts[0]} to {texts[1]}"


def _scans(n: int) -> str:
    return f"{n} scan{'' if n == 1 else 's'}"
