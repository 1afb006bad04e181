"""What the listener has done since its start."""

from __future__ import annotations

import threading
import time
from collections import Counter

RECENT_S = 600.0
"""So long a problem is shown, in seconds."""


class Counts:
    """Numbers that several threads count.

    >>> counts = Counts()
    >>> counts.add("instances")
    >>> counts.add("megabytes", 0.5)
    >>> counts.facts()
    {'instances': 1, 'megabytes': 0.5}
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()
        self._problem = ""
        self._problem_at = 0.0
        self.disk_fails = False
        """Whether the last instance was refused because of the disk."""

    def add(self, name: str, number: float = 1) -> None:
        """Count something."""
        with self._lock:
            self._numbers[name] += number  # type: ignore[assignment]

    def problem(self, sentence: str) -> None:
        """Note what went wrong last."""
        with self._lock:
            self._problem, self._problem_at = sentence, time.monotonic()

    def recent_problem(self) -> str:
        """What went wrong last, if that was in the last ten minutes, else nothing."""
        with self._lock:
            is_recent = time.monotonic() - self._problem_at < RECENT_S
            return self._problem if is_recent else ""

    def facts(self) -> dict[str, float]:
        """All numbers."""
        with self._lock:
            return dict(self._numbers)
