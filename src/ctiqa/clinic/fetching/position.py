"""How far the list of changes of an Orthanc was followed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

FORMAT = "%Y%m%dT%H%M%S"
"""Times in the list of changes, UTC."""


@dataclass(slots=True)
class Position:
    """A position in the list of changes.

    Attributes:
        since: Number of the last change that was dealt with.
        date: When that was, as Orthanc says.
        oldest: Earlier changes are of no interest.
        again: Series that are looked at again, by Orthanc's identifier, with the number of
            failures; 0 for series that were not complete yet.
    """

    since: int = 0
    date: str = ""
    oldest: str = ""
    again: dict[str, int] = field(default_factory=dict)

    @classmethod
    def first(cls, now: datetime, days: int) -> Position:
        """Where to begin; a day more, as clocks differ.

        >>> from datetime import UTC
        >>> Position.first(datetime(2026, 11, 26, 12, tzinfo=UTC), 3).oldest
        '20261122T120000'
        """
        return cls(oldest=f"{now - timedelta(days=days + 1):{FORMAT}}")

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position that :meth:`to_text` has written."""
        return cls(**json.loads(text))

    def to_text(self) -> str:
        """As text for the database.

        >>> Position.parse(Position(3, "20261122T120000").to_text()).since
        3
        """
        return json.dumps(asdict(self))
