"""Limits of the course of a protocol: change since the baseline, and alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctiqa.trends.limits import wording
from ctiqa.trends.limits.bounds import DRIFTS, MOST_ALARMS, ROUNDING
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.limits.outcome import Unchecked, Violation
from ctiqa.trends.limits.scope import charts_of, first_day, last_of_period, matches
from ctiqa.trends.result import Alarm, ControlChart, Point, Trends


def check_courses(trends: Trends, limit: Limit) -> Iterator[Violation | Unchecked]:
    """Check the drifts and alarms of one limit."""
    alarms = [] if limit.most_alarms is None else [MOST_ALARMS]
    keys = ", ".join([*limit.drifts, *alarms])
    if keys and not charts_of(trends, limit):
        yield Unchecked(limit.name, keys, "no_scans", 0, True, wording.no_charts(limit, keys))
        return
    for key in limit.drifts:
        yield from _check_drift(trends, limit, key)
    if limit.most_alarms is not None:
        yield from _check_alarms(trends, limit, limit.most_alarms)


def _check_drift(trends: Trends, limit: Limit, key: str) -> Iterator[Violation | Unchecked]:
    """Check one drift on the charts that it is for."""
    measure = DRIFTS[key].measure
    charts = [chart for chart in charts_of(trends, limit) if chart.measure == measure]
    if not charts:
        # There are charts of other measures, so this one is unknown.
        yield Unchecked(limit.name, key, "no_value", 0, True, wording.no_charts(limit, key))
    judged = [chart for chart in charts if chart.baseline is not None]
    if lost := len(charts) - len(judged):
        sentence = wording.no_baseline(limit, key, lost, len(charts))
        yield Unchecked(limit.name, key, "no_baseline", lost, not judged, sentence)
    counted = few = 0
    for chart in judged:
        points = _points(trends, chart, limit)
        large = [point for point in points if point.n >= limit.least_scans]
        counted, few = counted + len(large), few + len(points) - len(large)
        yield from _drifted(chart, large, limit, key)
    if few:
        sentence = wording.few_in_periods(limit, key, few)
        yield Unchecked(limit.name, key, "few_scans", few, counted == 0, sentence)


def _points(trends: Trends, chart: ControlChart, limit: Limit) -> list[Point]:
    """The periods after the baseline that count."""
    first = first_day(trends, limit)
    return [
        point
        for point in chart.points
        if not point.in_baseline
        and (first is None or last_of_period(point.start, chart.every) >= first)
    ]


def _drifted(
    chart: ControlChart, points: Sequence[Point], limit: Limit, key: str
) -> Iterator[Violation]:
    """The violation of one chart, if there is one."""
    most = limit.drifts[key]
    changes = {point.start: point.value / chart.centre - 1 for point in points}
    broken = {start: each for start, each in changes.items() if abs(each) > most + ROUNDING}
    if broken:
        worst = max(broken.values(), key=abs)
        periods = tuple(sorted(broken))
        yield Violation(
            rule=limit.name,
            key=key,
            kind="drift",
            protocol=chart.protocol,
            scanner=chart.scanner,
            kernel=None,
            value=worst,
            limit=most,
            n=len(points),
            n_broken=len(broken),
            series=(),
            periods=periods,
            sentence=wording.drifted(chart, limit, key, worst, periods),
        )


def _check_alarms(trends: Trends, limit: Limit, most: int) -> Iterator[Violation | Unchecked]:
    """Count the alarms of every protocol and scanner."""
    charts = charts_of(trends, limit)
    if lost := sum(chart.baseline is None for chart in charts):
        sentence = wording.no_baseline(limit, MOST_ALARMS, lost, len(charts))
        yield Unchecked(limit.name, MOST_ALARMS, "no_baseline", lost, lost == len(charts), sentence)
    first = first_day(trends, limit)
    groups: dict[tuple[str | None, str | None], list[Alarm]] = {}
    for alarm in trends.alarms:
        recent = first is None or last_of_period(alarm.last, trends.every) >= first
        if recent and matches(limit, alarm.protocol, alarm.scanner):
            groups.setdefault((alarm.protocol, alarm.scanner), []).append(alarm)
    for alarms in groups.values():
        if len(alarms) > most:
            yield _too_many(alarms, limit, most)


def _too_many(alarms: Sequence[Alarm], limit: Limit, most: int) -> Violation:
    newest = max(alarms, key=lambda alarm: alarm.last)
    return Violation(
        rule=limit.name,
        key=MOST_ALARMS,
        kind="alarms",
        protocol=newest.protocol,
        scanner=newest.scanner,
        kernel=None,
        value=len(alarms),
        limit=most,
        n=len(alarms),
        n_broken=len(alarms) - most,
        series=(),
        periods=tuple(sorted({alarm.start for alarm in alarms})),
        sentence=wording.too_many_alarms(newest, len(alarms), most),
    )
