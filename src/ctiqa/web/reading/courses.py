"""Trends, computed in the background: one set of conditions after the other."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition as Signal
from threading import Thread

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.errors import CtiqaError
from ctiqa.store.privacy import Dates
from ctiqa.store.where import Condition
from ctiqa.trends.result import Every
from ctiqa.web.reading.computing import Computer, Found, Task
from ctiqa.web.reading.view import ScanView, TrendsState

LOG = logging.getLogger("ctiqa.web")

MOST_KEPT = 8
"""Number of sets of conditions whose trends are kept."""

SHARE = 10
"""Trends are computed again at the earliest after so many times the time that they take."""

Where = tuple[Condition, ...]


@dataclass(slots=True)
class _Entry:
    """Trends of one set of conditions.

    Attributes:
        state: What is shown.
        version: Of the scans that they were computed from; -1 for none.
        not_before: When they may be computed again, on the monotonic clock.
        wanted: The scans that they are to be computed from.
    """

    state: TrendsState = field(default_factory=TrendsState)
    version: int = -1
    not_before: float = 0.0
    wanted: ScanView | None = None


class Courses:
    """Trends for each set of conditions.

    Args:
        limits: File with limits; ``None`` for none.
        dates: What the store keeps of the day of a study.
        now: The clock.
        computer: Computes them.
    """

    def __init__(
        self,
        limits: Path | None,
        dates: Callable[[], Dates],
        now: Clock = utc_now,
        computer: Computer | None = None,
    ) -> None:
        self._computer = computer or Computer()
        self._limits = limits
        self._dates = dates
        self._now = now
        self._entries: OrderedDict[Where, _Entry] = OrderedDict()
        self._signal = Signal()
        self._is_closed = False
        self._thread: Thread | None = None

    def of(self, where: Where, view: ScanView) -> TrendsState:
        """Trends as far as they are computed; they are computed (again) if the scans are newer.

        Without :meth:`start`, they are computed at once.
        """
        with self._signal:
            entry = self._entries.setdefault(where, _Entry())
            self._entries.move_to_end(where)
            while len(self._entries) > MOST_KEPT:
                self._entries.popitem(last=False)
            if entry.version == view.version:
                return entry.state
            entry.wanted = view
            self._signal.notify()
        if self._thread is None:
            self._compute(entry)
        return entry.state

    def start(self) -> None:
        """Compute in a thread from now on."""
        self._thread = Thread(target=self._run, name="courses", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and what is computed elsewhere."""
        with self._signal:
            self._is_closed = True
            self._signal.notify()
        self._computer.close()

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            self._compute(entry)

    def _next(self) -> _Entry | None:
        with self._signal:
            while not self._is_closed:
                now = time.monotonic()
                due = [each for each in self._entries.values() if each.wanted]
                if ready := [each for each in due if each.not_before <= now]:
                    return ready[0]
                ahead = min((each.not_before - now for each in due), default=None)
                self._signal.wait(ahead)
            return None

    def _compute(self, entry: _Entry) -> None:
        view, entry.wanted = entry.wanted, None
        if view is None:
            return
        began = time.monotonic()
        entry.state = self._state(view)
        entry.version = view.version
        ended = time.monotonic()
        entry.not_before = ended + SHARE * (ended - began)

    def _state(self, view: ScanView) -> TrendsState:
        try:
            every: Every = "month" if self._dates() == "month" else "week"
            found = self._computer.compute(Task(view.frame, every, self._limits))
        except CtiqaError as error:
            found = Found(failure=str(error))
        except Exception:
            if not self._is_closed:
                LOG.exception("the trends could not be computed")
            found = Found(failure="the trends could not be computed")
        return TrendsState(found.trends, found.limits, self._now(), found.failure)
