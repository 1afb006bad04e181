"""Signs of life of a part: often enough to be believed, seldom enough to cost nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.health import Health
from ctiqa.errors import CtiqaError
from ctiqa.store.store import Store

BEAT_S = 10.0
"""Time between two signs that say the same, in seconds."""

Facts = Mapping[str, float]


class Life:
    """Signs of life of one part; a database that is down is no reason to stop.

    Args:
        store: The store.
        part: Name of the part.
        now: The clock.
    """

    def __init__(self, store: Store, part: str, now: Clock = utc_now) -> None:
        self._health = Health(store, now)
        self._part = part
        self._started = now()
        self._said: tuple[str, bool] | None = None
        self._due = 0.0

    def tell(
        self, sentence: str, *, is_well: bool = True, facts: Callable[[], Facts] | None = None
    ) -> None:
        """Give a sign of life, unless the same was said less than 10 s ago.

        Args:
            sentence: What the part does, or what is wrong and what to do.
            is_well: Whether it does its work.
            facts: Returns numbers for the page; called if the sign is given.
        """
        if (sentence, is_well) == self._said and time.monotonic() < self._due:
            return
        self._due = time.monotonic() + BEAT_S
        numbers = None if facts is None else facts()
        try:
            self._health.tell(
                self._part, sentence, started=self._started, is_well=is_well, facts=numbers
            )
        except CtiqaError:
            self._said = None
        else:
            self._said = (sentence, is_well)
