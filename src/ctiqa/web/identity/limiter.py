"""How often something may be tried, by address or name; the memory is bounded."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from ctiqa.clinic.records.clock import Clock

MOST_KEYS = 10_000
"""Number of addresses or names that are remembered."""


class Limiter:
    """Counts tries in a sliding window.

    Args:
        allowed: Number of tries in a window.
        window: Its length.
        now: The clock.

    >>> from datetime import UTC
    >>> limiter = Limiter(2, timedelta(seconds=60), lambda: datetime(2026, 1, 31, tzinfo=UTC))
    >>> [limiter.wait_s("10.0.0.9") for _ in range(3)]
    [0, 0, 60]
    """

    def __init__(self, allowed: int, window: timedelta, now: Clock) -> None:
        self._allowed = allowed
        self._window = window
        self._now = now
        self._tries: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait_s(self, key: str) -> int:
        """Count a try.

        Args:
            key: Who tries.

        Returns:
            0 if it is allowed; else the seconds to wait, and the try does not count.
        """
        now = self._now()
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)
        # A clock that was set back must not lock anybody out for longer than a window.
        while tries and abs(now - tries[0]) >= self._window:
            tries.popleft()
        if len(tries) >= self._allowed:
            return max(1, math.ceil((self._window - (now - tries[0])).total_seconds()))
        tries.append(now)
        return 0

    def take_back(self, key: str) -> None:
        """Do not count the last try, which has succeeded; those before it may be of others."""
        if tries := self._tries.get(key):
            tries.pop()
