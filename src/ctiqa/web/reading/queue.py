"""Jobs and deliveries that a viewer may see: those of the scans that the viewer may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar, cast, get_args

from sqlalchemy import ColumnElement, Table, func, select

from ctiqa.clinic.records.deliveries import Deliveries, Delivery, DeliveryState
from ctiqa.clinic.records.jobs import Job, Jobs, JobState
from ctiqa.store.database.clinic_tables import deliveries, jobs
from ctiqa.store.store import Store
from ctiqa.web.reading.view import ScanView

MOST_LISTED = 10_000
"""Rows among which those of a viewer are looked for."""

JOB_STATES: tuple[JobState, ...] = get_args(JobState)

DELIVERY_STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)

State = TypeVar("State", JobState, DeliveryState)


class Queue:
    """The queue as one viewer may see it.

    A viewer without conditions sees everything. Others see what belongs to their scans; a series
    that was not scored yet is nobody's.

    Args:
        store: The store.
        view: The scans that the viewer may see.
        is_whole: Whether the viewer may see all.
    """

    def __init__(self, store: Store, view: ScanView, *, is_whole: bool) -> None:
        self._store = store
        self._series = None if is_whole else received_series(view)

    def jobs(self, state: JobState, most: int = 100) -> list[Job]:
        """Series in a state, the one that came last first."""
        if self._series is None:
            return Jobs(self._store).listed(state, most)
        found = Jobs(self._store).listed(state, MOST_LISTED)
        return [job for job in found if job.series in self._series][:most]

    def deliveries(self, state: DeliveryState, most: int = 100) -> list[Delivery]:
        """Results in a state, the newest first."""
        if self._series is None:
            return Deliveries(self._store).listed(state, most)
        found = Deliveries(self._store).listed(state, MOST_LISTED)
        return [each for each in found if each.series in self._series][:most]

    def job_counts(self, states: Collection[JobState] = JOB_STATES) -> dict[JobState, int]:
        """Number of series by state.

        Args:
            states: States that are counted; without those of finished work this is quick.
        """
        return self._counts(jobs, states)

    def delivery_counts(
        self, states: Collection[DeliveryState] = DELIVERY_STATES
    ) -> dict[DeliveryState, int]:
        """Number of results by state; see :meth:`job_counts`."""
        return self._counts(deliveries, states)

    def has(self, series: str) -> bool:
        """Whether the viewer may see a series that was received."""
        return self._series is None or series in self._series

    def received(self, start: datetime, end: datetime) -> int:
        """Number of series the last instance of which came in a time."""
        return sum(self._by(jobs, jobs.c.state, _came(start, end)).values())

    def unscored(self, start: datetime, end: datetime) -> Counter[str]:
        """Reasons why nothing in series of a time has a score, with their numbers."""
        reason = func.coalesce(jobs.c.detail, jobs.c.reason)
        done = (jobs.c.state == "done") & jobs.c.reason.is_not(None)
        return self._by(jobs, reason, done & _came(start, end))

    def _counts(self, table: Table, states: Collection[State]) -> dict[State, int]:
        found = self._by(table, table.c.state, table.c.state.in_(states))
        return {state: found[state] for state in states}

    def _by(
        self, table: Table, key: ColumnElement[Any], condition: ColumnElement[bool]
    ) -> Counter[str]:
        """Number of rows that the viewer may see, by a text."""
        with self._store.reading() as connection:
            if self._series is None:
                query = select(key, func.count()).where(condition).group_by(key)
                return Counter(dict(map(tuple, connection.execute(query))))
            rows = connection.execute(select(table.c.series, key).where(condition))
            return Counter(text for series, text in rows if series in self._series)


def received_series(view: ScanView) -> set[str]:
    """Names of series as they were received: parts of one are ``1.2.3`` and ``1.2.3#2``."""
    return view.memo.get(received_series, lambda: _received_series(view))


def _received_series(view: ScanView) -> set[str]:
    names = cast("list[str]", view.frame["series_uid"].to_list())
    return {name.partition("#")[0] for name in names}


def _came(start: datetime, end: datetime) -> ColumnElement[bool]:
    return (jobs.c.last_received >= start) & (jobs.c.last_received < end)
