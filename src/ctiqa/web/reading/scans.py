"""The scans and trends of a store for each viewer, read in the background.

Pages take what is there; nobody waits for a large query::

    view = site.scans.of(viewer)              # ScanView: view.frame, view.where(...), view.one(...)
    state = site.scans.trends_of(viewer)      # TrendsState: state.trends, state.limits
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Protocol

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.errors import CtiqaError
from ctiqa.store.store import Store
from ctiqa.store.where import Condition
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.reading.courses import Courses
from ctiqa.web.reading.table import Table, read_table
from ctiqa.web.reading.view import ScanView, TrendsState, filtered

LOG = logging.getLogger("ctiqa.web")

EVERY_S = 2.0
"""Time between two looks at the store, in seconds."""

MOST_VIEWS = 16
"""Number of sets of conditions for which rows are kept."""

BEING_READ = Problem(
    503,
    "store_being_read",
    "the scans are being read, as the server has just been started",
    "wait a few seconds",
    headers={"Retry-After": "2"},
)


class Seeing(Protocol):
    """Who sees scans."""

    @property
    def where(self) -> tuple[Condition, ...]:
        """Conditions of the scans that may be seen."""
        ...


class Scans:
    """Scans in memory.

    Args:
        store: Gives the store, or raises an error while the database is down.
        courses: Computes trends.
        now: The clock.
    """

    def __init__(self, store: Callable[[], Store], courses: Courses, now: Clock = utc_now) -> None:
        self._store = store
        self._courses = courses
        self._now = now
        self._lock = Lock()
        self._views_lock = Lock()
        self._views: OrderedDict[tuple[Condition, ...], ScanView] = OrderedDict()
        self._latest: tuple[Table, datetime] | None = None
        self._failure: CtiqaError | None = None
        self._is_read = Event()
        self._stop = Event()
        self._thread: Thread | None = None

    def of(self, viewer: Seeing) -> ScanView:
        """The scans that a viewer may see.

        Raises:
            OutputError: If the database cannot be reached; what was read before is not shown, as
                it may be old.
            DataError: If the store is damaged or of a newer version.
            ProblemError: 503 while it is read for the first time; without :meth:`start`, it is
                read at once.
        """
        if self._thread is None and not self._is_read.is_set():
            self.refresh()
        latest, failure = self._latest, self._failure
        if failure is not None:
            raise failure
        if latest is None:
            raise ProblemError(BEING_READ)
        return self._view(viewer.where, *latest)

    def trends_of(self, viewer: Seeing) -> TrendsState:
        """Trends and limits of the scans that a viewer may see; they are computed if need be.

        Raises:
            OutputError: If the database cannot be reached.
            DataError: If the store is damaged or of a newer version.
            ProblemError: 503 while it is read for the first time.
        """
        view = self.of(viewer)
        return self._courses.of(viewer.where, view)

    def refresh(self) -> None:
        """Look at the store now, for example after a change that the next page shall show."""
        with self._lock:
            try:
                before = None if self._latest is None else self._latest[0]
                self._latest = read_table(self._store(), before), self._now()
            except CtiqaError as error:
                if self._failure is None:
                    LOG.error("%s", error)
                self._failure = error
            else:
                self._failure = None
            finally:
                self._is_read.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the store was read for the first time, or could not be.

        Args:
            seconds: Longest time, in seconds.

        Returns:
            Whether it was tried.
        """
        return self._is_read.wait(seconds)

    def start(self) -> None:
        """Look at the store again and again, in a thread."""
        self._courses.start()
        self._thread = Thread(target=self._run, name="scans", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the threads."""
        self._stop.set()
        self._courses.close()
        if self._thread is not None:
            self._thread.join(timeout=EVERY_S)

    def _run(self) -> None:
        self._try_to_refresh()
        if self._latest is not None:
            # Most viewers see everything; who comes first need not wait for the trends.
            self._courses.of((), self._view((), *self._latest))
        while not self._stop.wait(EVERY_S):
            self._try_to_refresh()

    def _try_to_refresh(self) -> None:
        try:
            self.refresh()
        except Exception:
            LOG.exception("the scans could not be read")

    def _view(self, where: tuple[Condition, ...], table: Table, read: datetime) -> ScanView:
        known = self._views.get(where)
        if known is None or known.version != table.version:
            known = ScanView(filtered(table.frame, where), table.version, read)
        view = replace(known, read=read)
        with self._views_lock:
            self._views[where] = view
            self._views.move_to_end(where)
            while len(self._views) > MOST_VIEWS:
                self._views.popitem(last=False)
        return view
