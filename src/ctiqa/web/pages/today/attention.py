"""What needs attention, as sentences for the top of the first page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ctiqa.clinic.records.health import Health
from ctiqa.web.pages.parts.words import address
from ctiqa.web.reading.view import TrendsState

RECENT = timedelta(days=28)
"""Alarms of courses are shown for so long."""

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


def concerns(state: TrendsState, health: Health, day: date) -> list[Concern]:
    """Parts that do not work, broken limits, and alarms of the last weeks, in this order."""
    return [*_of_parts(health), *_of_limits(state), *_of_courses(state, day)]


def _of_parts(health: Health) -> Iterator[Concern]:
    for sign in health.signs():
        if health.is_silent(sign):
            yield Concern("System", f"{sign.part}: no sign of life", "/health")
        elif not sign.is_well:
            yield Concern("System", f"{sign.part}: {sign.sentence}", "/health")


def _of_limits(state: TrendsState) -> Iterator[Concern]:
    broken = state.limits.violations if state.limits else ()
    for each in broken[:MOST]:
        yield Concern("Limit", each.sentence, _protocol(each.protocol, each.scanner))
    if len(broken) > MOST:
        yield Concern("Limit", f"{len(broken) - MOST} more limits are broken", "/trends")


def _of_courses(state: TrendsState, day: date) -> Iterator[Concern]:
    alarms = state.trends.alarms if state.trends else ()
    recent = [each for each in alarms if day - RECENT <= each.last <= day]
    for each in recent[:MOST]:
        yield Concern("Alarm", each.sentence, _protocol(each.protocol, each.scanner))
    if len(recent) > MOST:
        yield Concern("Alarm", f"{len(recent) - MOST} more alarms since {day - RECENT}", "/trends")


def _protocol(protocol: str | None, scanner: str | None) -> str:
    return address("/protocol", protocol=protocol, scanner=scanner)
