"""Jobs and deliveries that a viewer may see: those of the scans that the viewer may see."""

from __future__ import annotations

from collections import Counter
from typing import cast

from sqlalchemy import select

from ctiqa.clinic.records.deliveries import Deliveries, Delivery, DeliveryState
from ctiqa.clinic.records.jobs import Job, Jobs, JobState
from ctiqa.store.database.clinic_tables import deliveries, jobs
from ctiqa.store.store import Store
from ctiqa.web.reading.view import ScanView

MOST_LISTED = 10_000
"""Rows among which those of a viewer are looked for."""


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

    def job_counts(self) -> dict[JobState, int]:
        """Number of series by state; every state is there."""
        found = Jobs(self._store).counts()
        if self._series is None:
            return found
        with self._store.reading() as connection:
            rows = connection.execute(select(jobs.c.series, jobs.c.state))
            theirs = Counter(row.state for row in rows if row.series in self._series)
        return {state: theirs[state] for state in found}

    def delivery_counts(self) -> dict[DeliveryState, int]:
        """Number of results by state; every state is there."""
        found = Deliveries(self._store).counts()
        if self._series is None:
            return found
        with self._store.reading() as connection:
            rows = connection.execute(select(deliveries.c.series, deliveries.c.state))
            theirs = Counter(row.state for row in rows if row.series in self._series)
        return {state: theirs[state] for state in found}


def received_series(view: ScanView) -> set[str]:
    """Names of series as they were received: parts of one are ``1.2.3`` and ``1.2.3#2``."""
    names = cast("list[str]", view.frame["series_uid"].to_list())
    return {name.partition("#")[0] for name in names}
