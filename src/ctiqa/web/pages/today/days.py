"""The day that the first page shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import datetime, time, timedelta

FIRST = dt.date(1971, 1, 1)
"""There was no CT before."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day in local time.

    Attributes:
        date: The day.
        today: The day that it is now.
    """

    date: dt.date
    today: dt.date

    @property
    def is_today(self) -> bool:
        """Whether it is the day that it is now."""
        return self.date == self.today

    @property
    def previous(self) -> dt.date | None:
        """The day before, if there is one."""
        return self.date - timedelta(1) if self.date > FIRST else None

    @property
    def next(self) -> dt.date | None:
        """The day after, if it has begun."""
        return self.date + timedelta(1) if self.date < self.today else None

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.date, time.min).astimezone()

    @property
    def end(self) -> datetime:
        """The first moment of the day after."""
        return datetime.combine(self.date + timedelta(1), time.min).astimezone()


def day_between(asked: dt.date, now: datetime) -> Day:
    """The day that was asked for, or the nearest one that can be shown.

    >>> from datetime import UTC
    >>> now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    >>> day_between(dt.date(2030, 1, 1), now).is_today, day_between(dt.date.min, now).previous
    (True, None)
    """
    today = now.astimezone().date()
    return Day(min(max(asked, FIRST), today), today)
