"""What was worked out from something that does not change, kept as long as that is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

MOST = 32
"""Number of results that are kept."""

Made = TypeVar("Made")


class Memo:
    """Keeps the results that were used last.

    Whoever wants a result that is being made waits for it, and does not make it a second time.

    Args:
        most: Number of results that are kept.

    >>> memo = Memo()
    >>> memo.get("sum", lambda: 1 + 1), memo.get("sum", lambda: 0)
    (2, 2)
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, _Once] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """A result; it is made if it is not known.

        Args:
            key: Tells results apart.
            make: Makes the result; if it raises an error, the next one who asks tries again.
        """
        with self._lock:
            once = self._kept.setdefault(key, _Once())
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        found: Made = once.get(make)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


class _Once:
    """One result."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: list[Any] = []

    def get(self, make: Callable[[], Any]) -> Any:
        with self._lock:
            if not self._made:
                self._made.append(make())
            return self._made[0]
