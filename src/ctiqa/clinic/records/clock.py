"""The time, which tests replace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the time, with a time zone."""


def utc_now() -> datetime:
    """The time in UTC.

    >>> utc_now().utcoffset().total_seconds()
    0.0
    """
    return datetime.now(UTC)
