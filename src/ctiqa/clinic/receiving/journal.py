"""The log of the listener: one line for each problem, and not one for each packet of a flood."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ctiqa.text.plain_text import clean

log = logging.getLogger("ctiqa.clinic")

AGAIN_S = 60.0
"""The same problem of the same sender is logged once in so many seconds."""

MOST_KNOWN = 256
MOST_LINE = 240

LIBRARIES = ("pynetdicom", "pydicom")
"""Loggers that quote what senders send."""


class Journal:
    """The log, sparing with what repeats.

    >>> journal = Journal()
    >>> journal.warn("10.0.0.7", "it is slow"), journal.warn("10.0.0.7", "it is slow")
    (True, False)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], float] = {}
        self._n_left_out = 0

    def warn(self, who: str, sentence: str) -> bool:
        """Log a problem, unless the same was logged a moment ago; returns whether it was.

        Args:
            who: Address of the sender, or what fails.
            sentence: What is wrong.
        """
        with self._lock:
            now, key = time.monotonic(), (who, sentence)
            if now - self._last.get(key, -AGAIN_S) < AGAIN_S:
                self._n_left_out += 1
                return False
            if len(self._last) >= MOST_KNOWN:
                self._last.clear()
            self._last[key] = now
            left_out, self._n_left_out = self._n_left_out, 0
        more = f" ({left_out} lines left out before)" if left_out else ""
        log.warning("receiver: %s: %s%s", clean(who, 64), clean(sentence, MOST_LINE), more)
        return True


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep what the DICOM libraries log, which quotes what was sent, out of the log."""
    quiet = logging.NullHandler()
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [each.propagate for each in loggers]
    for each in loggers:
        each.addHandler(quiet)
        each.propagate = False
    try:
        yield
    finally:
        for each, propagated in zip(loggers, before, strict=True):
            each.removeHandler(quiet)
            each.propagate = propagated
