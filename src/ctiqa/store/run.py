"""A run: one call of a command, which stores any number of series."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid4().hex


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as recorded with everything that it stores.

    Attributes:
        kind: What runs, in one word, e.g. ``"survey"``.
        id: Random name.
        started: When it began, in UTC.

    >>> Run("survey").kind
    'survey'
    """

    kind: str = "score"
    id: str = field(default_factory=_new_id)
    started: datetime = field(default_factory=_now)
