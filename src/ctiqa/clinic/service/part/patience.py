"""Waiting for what is out of order: longer after each failure, and said once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from ctiqa.errors import DataError, OutputError
from ctiqa.store.database.faults import RowError

LONGEST_S = 15.0
"""Longest pause between two attempts, in seconds."""

OUT_OF_ORDER = (OSError, OutputError, DataError)
"""Errors of disks and databases, which end without anything being done here."""

Answer = TypeVar("Answer")

log = logging.getLogger("ctiqa.clinic")


class Patience:
    """Pauses that get longer as long as something fails.

    Args:
        part: Name of the part, for the log.
        stop: Ends a pause.
        first_s: First pause, in seconds; each is twice as long as the one before, up to 15 s.

    >>> patience = Patience("keeper", Event(), first_s=0.001)
    >>> patience.pause(OutputError("the disk is full")), patience.is_out_of_order
    (None, True)
    >>> patience.went_well(), patience.is_out_of_order
    (None, False)
    """

    def __init__(self, part: str, stop: Event, first_s: float = 0.5) -> None:
        self._part = part
        self._stop = stop
        self._first_s = first_s
        self._next_s = first_s
        self._said: str | None = None

    @property
    def is_out_of_order(self) -> bool:
        """Whether the last attempt failed."""
        return self._said is not None

    def pause(self, error: Exception) -> None:
        """Wait after a failure; a new one is logged."""
        sentence = str(error)
        if sentence != self._said:
            log.warning("%s waits: %s", self._part, sentence)
            self._said = sentence
        self._stop.wait(self._next_s)
        self._next_s = min(2 * self._next_s, LONGEST_S)

    def went_well(self) -> None:
        """Note a success; the end of a failure is logged."""
        if self._said is not None:
            log.info("%s goes on", self._part)
        self._said, self._next_s = None, self._first_s


def insist(attempt: Callable[[], Answer], part: str, stop: Event) -> Answer | None:
    """Try something until disk and database let it happen.

    Args:
        attempt: What is tried; may be called several times.
        part: Name of the part, for the log.
        stop: Ends the attempts.

    Returns:
        What it returns; ``None`` if it was stopped before. It is tried once at least.

    Raises:
        RowError: If the database refuses what is to be stored: patience does not help.

    >>> insist(lambda: 3, "keeper", Event())
    3
    """
    patience = Patience(part, stop)
    while True:
        try:
            answer = attempt()
        except RowError:
            raise
        except OUT_OF_ORDER as error:
            patience.pause(error)
        else:
            patience.went_well()
            return answer
        if stop.is_set():
            return None
