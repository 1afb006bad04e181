"""Alarms and violations as the page shows them: with a drawing, and where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ctiqa.trends.page.choices import Choices
from ctiqa.trends.page.course_drawing import Drawing, drawing_of
from ctiqa.trends.page.outliers import MOST_ROWS
from ctiqa.trends.page.words import days_since_epoch
from ctiqa.trends.result import Alarm, Trends

if TYPE_CHECKING:
    from ctiqa.trends.limits import LimitsChecked, Violation

MOST_DRAWN = 12
"""Alarms with a drawing of their course."""

Facts = Mapping[str, int | str]
"""Numbers of a group, or of a protocol and scanner, and the day, as the script reads them."""


def shown_alarms(trends: Trends, choices: Choices) -> list[tuple[Alarm, Drawing | None, Facts]]:
    """The newest alarms, the first of them with the course in which they occurred."""
    charts = {(each.protocol, each.scanner, each.measure): each for each in trends.charts}
    found: list[tuple[Alarm, Drawing | None, Facts]] = []
    for place, alarm in enumerate(trends.alarms[:MOST_ROWS]):
        chart = charts.get((alarm.protocol, alarm.scanner, alarm.measure))
        drawing = drawing_of(chart) if chart and chart.points and place < MOST_DRAWN else None
        facts = choices.pair_facts(alarm.protocol, alarm.scanner)
        found.append((alarm, drawing, {**facts, "day": days_since_epoch(alarm.start)}))
    return found


def shown_violations(
    limits: LimitsChecked | None, choices: Choices
) -> list[tuple[Violation, Facts]]:
    """The first violations; none if no limits were checked."""
    found = limits.violations[:MOST_ROWS] if limits else ()
    return [(each, _place(each, choices)) for each in found]


def _place(violation: Violation, choices: Choices) -> Facts:
    """The group of a limit of scans; a limit of a course belongs to all kernels."""
    protocol, scanner, kernel = violation.protocol, violation.scanner, violation.kernel
    group = choices.groups.get((protocol, scanner, kernel)) if violation.series else None
    return choices.pair_facts(protocol, scanner) if group is None else {"group": group}
