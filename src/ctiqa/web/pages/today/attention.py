"""What needs attention, as sentences for the top of the first page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ctiqa.clinic.records.health import Health
from ctiqa.trends.page.words import quantity
from ctiqa.web.context import Site
from ctiqa.web.pages.parts.outliers import unexplained, unusual
from ctiqa.web.pages.parts.words import address
from ctiqa.web.reading.view import TrendsState
from ctiqa.web.security.viewer import Viewer

RECENT = timedelta(days=28)
"""Alarms of control charts and outliers are shown for so long."""

MOST = 5
"""Most sentences of a kind."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that needs attention.

    Attributes:
        kind: What it is about.
        sentence: What is wrong.
        link: Where there is more about it.
    """

    kind: str
    sentence: str
    link: str


def concerns(site: Site, who: Viewer, state: TrendsState, day: date) -> list[Concern]:
    """Parts that do not work, broken limits, and alarms and outliers of the last weeks.

    Args:
        site: The site.
        who: Who looks; only those who see all scans see what a part says of its work.
        state: Trends of the scans that the viewer sees.
        day: The last day of the weeks.

    Raises:
        OutputError: If the database cannot be reached.
    """
    return [
        *_of_parts(site.health, is_whole=not who.where),
        *_of_limits(state),
        *_of_charts(state, day),
        *_of_outliers(site, state, day),
    ]


def of_queue(queue: Mapping[str, Any]) -> Iterator[Concern]:
    """Series that were set aside, and results that were given up.

    Args:
        queue: ``counts`` of series and ``deliveries`` by state.
    """
    if n := queue["counts"]["aside"]:
        yield Concern("Queue", f"{n:,} series set aside, because scoring failed", "#failed")
    if n := queue["deliveries"]["failed"]:
        yield Concern("Delivery", f"{quantity(n, 'result')} given up", "#undelivered")


def _of_parts(health: Health, *, is_whole: bool) -> Iterator[Concern]:
    for sign in health.signs():
        if health.is_silent(sign):
            yield Concern("System", f"{sign.part}: no sign of life", "/health")
        elif not sign.is_well:
            said = sign.sentence if is_whole else "has a problem"
            yield Concern("System", f"{sign.part}: {said}", "/health")


def _of_limits(state: TrendsState) -> Iterator[Concern]:
    broken = state.limits.violations if state.limits else ()
    for each in broken[:MOST]:
        yield Concern("Limit", each.sentence, _protocol(each.protocol, each.scanner))
    if len(broken) > MOST:
        yield Concern("Limit", f"{len(broken) - MOST} more limits are broken", "/trends")


def _of_charts(state: TrendsState, day: date) -> Iterator[Concern]:
    alarms = state.trends.alarms if state.trends else ()
    recent = [each for each in alarms if day - RECENT <= each.last <= day]
    for each in recent[:MOST]:
        yield Concern("Alarm", each.sentence, _protocol(each.protocol, each.scanner))
    if len(recent) > MOST:
        yield Concern("Alarm", f"{len(recent) - MOST} more alarms since {day - RECENT}", "/trends")


def _of_outliers(site: Site, state: TrendsState, day: date) -> Iterator[Concern]:
    odd, since = unusual(state), day - RECENT
    days = (odd[scan].day for scan in unexplained(site.store, state))
    n = sum(1 for each in days if each is not None and since <= each <= day)
    if n:
        link = address("/scans", unexplained="yes", since=since, until=day)
        yield Concern("Outliers", f"{quantity(n, 'unexplained outlier')} since {since}", link)


def _protocol(protocol: str | None, scanner: str | None) -> str:
    return address("/protocol", protocol=protocol, scanner=scanner)
