"""The parts of the clinic: which there should be, and how each is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.health import Health, Sign
from ctiqa.web.pages.parts.words import age

State = Literal["well", "ill", "silent", "missing"]

WORDS: dict[State, str] = {
    "well": "works",
    "ill": "has a problem",
    "silent": "silent",
    "missing": "never seen",
}

DUTIES = {
    "receiver": "receives series",
    "keeper": "sorts what was received",
    "scorer": "scores series",
    "sender": "sends results",
    "fetcher": "catches up with archives",
    "alerter": "checks limits and sends alerts",
}
"""What each part does; workers have a number after their name."""

START = "see whether 'ctiqa listen' runs, and look in its log"


@dataclass(frozen=True, slots=True)
class Part:
    """A part as the page shows it.

    Attributes:
        name: Its name.
        duty: What it does.
        state: How it is.
        word: The same in words.
        sentence: What it says of itself, or what to do.
        at: Last sign of life, or ``None``.
        ago: How long ago that was; empty if never.
        started: When it was started, or ``None``.
        facts: Numbers that it reports.
    """

    name: str
    duty: str
    state: State
    word: str
    sentence: str
    at: datetime | None = None
    ago: str = ""
    started: datetime | None = None
    facts: tuple[tuple[str, float], ...] = ()


def parts_of(config: Config, health: Health, now: datetime, *, is_whole: bool = True) -> list[Part]:
    """All parts: those that gave a sign of life, and those that should have.

    Args:
        config: The configuration.
        health: Signs of life.
        now: The time.
        is_whole: Whether to say what parts say of their work, which is about all scans.

    Raises:
        OutputError: If the database cannot be reached.
    """
    signs = health.signs()
    seen = [_seen(sign if is_whole else _silenced(sign), health, now) for sign in signs]
    names = {sign.part for sign in signs}
    return [*seen, *(_missing(name) for name in expected(config) if name not in names)]


def expected(config: Config) -> Iterator[str]:
    """Parts that the configuration asks for."""
    yield "receiver"
    yield "keeper"
    yield from (f"scorer-{number}" for number in range(1, config.score.workers + 1))
    if config.send:
        yield "sender"
    if config.fetch:
        yield "fetcher"
    if config.alert:
        yield "alerter"


def _seen(sign: Sign, health: Health, now: datetime) -> Part:
    state: State = "silent" if health.is_silent(sign) else "well" if sign.is_well else "ill"
    ahead = sign.at > now
    silent = (
        "its clock is ahead of that of this computer; set both by NTP"
        if ahead
        else f"nothing was heard of it for {age(now - sign.at)}; {START}"
    )
    return Part(
        name=sign.part,
        duty=_duty(sign.part),
        state=state,
        word=WORDS[state],
        sentence=silent if state == "silent" else sign.sentence,
        at=sign.at,
        ago=f"{age(now - sign.at)} ago",
        started=sign.started,
        facts=tuple((name.replace("_", " "), value) for name, value in sign.facts.items()),
    )


def _silenced(sign: Sign) -> Sign:
    """A sign of life that says nothing of the work."""
    return replace(sign, sentence="", facts={})


def _missing(name: str) -> Part:
    return Part(name, _duty(name), "missing", WORDS["missing"], START)


def _duty(name: str) -> str:
    return DUTIES.get(name.partition("-")[0], "")
