"""The outcome of one check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ctiqa.clinic.config.section import Section

State = Literal["ok", "note", "warning", "broken"]
"""``note``: worth knowing; ``warning``: it works, but should not stay so; ``broken``: it does not
work."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Attributes:
        what: What was checked, such as ``"spool.folder"``.
        state: The outcome.
        sentence: What was found, and what to do if it is not well; never a secret.
    """

    what: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A section with its place in the file.

    Attributes:
        place: Its place, such as ``send[2].tls``; empty for the whole file.
        section: The section.
    """

    place: str
    section: Section

    def at(self, key: str) -> str:
        """The place of a key.

        >>> from ctiqa.clinic.config.listening import Listen
        >>> Placed("listen", Listen()).at("port")
        'listen.port'
        """
        return f"{self.place}.{key}" if self.place else key


def sections_of(section: Section, place: str = "") -> Iterator[Placed]:
    """A section and all those in it, with their places.

    >>> from ctiqa.clinic.config import Config
    >>> [each.place for each in sections_of(Config())][:3]
    ['', 'store', 'spool']
    """
    here = Placed(place, section)
    yield here
    for name in type(section).model_fields:
        value = getattr(section, name)
        for at, inner in _inside(here.at(name), value):
            yield from sections_of(inner, at)


def _inside(place: str, value: Any) -> Iterator[tuple[str, Section]]:
    if isinstance(value, Section):
        yield place, value
    if isinstance(value, tuple):
        for n, each in enumerate(value, start=1):
            if isinstance(each, Section):
                yield f"{place}[{n}]", each
