"""The queue and what was not delivered, as far as a viewer may see it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from sqlalchemy import func, select

from ctiqa.clinic.records.deliveries import Deliveries, Delivery, DeliveryState
from ctiqa.clinic.records.jobs import Job, Jobs, JobState
from ctiqa.store.database.clinic_tables import jobs as table
from ctiqa.store.store import Store
from ctiqa.web.pages.today.days import Day

MOST_LISTED = 50
"""Rows of a list of failed work."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue now.

    Attributes:
        counts: Number of series by state.
        aside: Series that were set aside, the one that came last first.
        received: Number of series that came on the day.
        unscored: Reasons why nothing in series of the day has a score, with their numbers.
        deliveries: Number of results by state.
        undelivered: Results that were given up, or whose last try failed.
    """

    counts: dict[JobState, int]
    aside: list[Job]
    received: int
    unscored: list[tuple[str, int]]
    deliveries: dict[DeliveryState, int]
    undelivered: list[Delivery]


def queue_of(store: Store, jobs: Jobs, deliveries: Deliveries, day: Day) -> Queue:
    """The queue of a store.

    Raises:
        OutputError: If the database cannot be reached.
    """
    waiting = [each for each in deliveries.listed("waiting", MOST_LISTED) if each.error]
    return Queue(
        counts=jobs.counts(),
        aside=jobs.listed("aside", MOST_LISTED),
        received=_received(store, day),
        unscored=_unscored(store, day),
        deliveries=deliveries.counts(),
        undelivered=[*deliveries.listed("failed", MOST_LISTED), *waiting],
    )


def is_seen(series: str, frame: pl.DataFrame) -> bool:
    """Whether a viewer sees a scan of a series."""
    return bool(frame.select((pl.col("series_uid") == series).any()).item())


def _received(store: Store, day: Day) -> int:
    came = (table.c.last_received >= day.start) & (table.c.last_received < day.end)
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table).where(came)) or 0


def _unscored(store: Store, day: Day) -> list[tuple[str, int]]:
    done = (
        (table.c.state == "done")
        & table.c.reason.is_not(None)
        & (table.c.last_received >= day.start)
        & (table.c.last_received < day.end)
    )
    text = func.coalesce(table.c.detail, table.c.reason)
    query = select(text, func.count()).where(done).group_by(text).order_by(func.count().desc())
    with store.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(query.limit(20))]
