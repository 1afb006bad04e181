"""Results that are to be sent, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, case, func, select, update

from ctiqa.clinic.records.records import Records
from ctiqa.store.database.clinic_tables import deliveries
from ctiqa.store.database.insert import insert_once

DeliveryState = Literal["waiting", "sent", "failed"]

ResultKind = Literal["sr", "pdf"]

LONGEST_PAUSE = timedelta(hours=1)
"""Longest time between two tries; one that is further ahead was set by a wrong clock."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A result that is to be sent.

    Attributes:
        target: Name of the target in the configuration.
        kind: Structured report or PDF.
        file: Name of the file in the folder ``out`` of the spool.
    """

    target: str
    kind: ResultKind
    file: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A result, and what became of it.

    Attributes:
        id: Number in the table.
        series: Name of the series.
        target: Name of the target in the configuration.
        kind: Structured report or PDF.
        file: Name of the file in the folder ``out`` of the spool.
        state: ``waiting``, ``sent``, or ``failed``: given up.
        tries: How often it was tried.
        created: When it was made.
        next_try: When it is due.
        finished: When it was sent or given up.
        error: Why the last try failed.
    """

    id: int
    series: str
    target: str
    kind: ResultKind
    file: str
    state: DeliveryState
    tries: int
    created: datetime
    next_try: datetime
    finished: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """What became of the results for one target.

    Attributes:
        waiting: Number of results that wait, those that are retried included.
        sent: Number of results that were delivered.
        failed: Number of results that were given up.
        most_tries: How often the waiting result with the most tries was tried in vain.
        error: Why the last try failed that was not followed by a success; ``None`` if there is
            none.
    """

    waiting: int
    sent: int
    failed: int
    most_tries: int
    error: str | None


class Deliveries(Records):
    """Results of a store that are to be sent."""

    def due(self, most: int = 100, *, target: str | None = None) -> list[Delivery]:
        """What is to be sent now, the oldest first.

        A result whose next try is further ahead than :data:`LONGEST_PAUSE` is due: the clock was
        set back.

        Args:
            most: Number of results, at most.
            target: Name of the target; ``None`` for all.
        """
        now, next_try = self._now(), deliveries.c.next_try
        is_due = (next_try <= now) | (next_try > now + LONGEST_PAUSE)
        query = select(deliveries).where(deliveries.c.state == "waiting", is_due)
        if target is not None:
            query = query.where(deliveries.c.target == target)
        query = query.order_by(next_try, deliveries.c.id).limit(most)
        with self._store.reading() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def sent(self, delivery: Delivery) -> None:
        """Record that a target has confirmed a result."""
        self._change(delivery, state="sent", finished=self._now(), error=None)

    def postponed(self, delivery: Delivery, error: str, next_try: datetime) -> None:
        """Record a failure after which it is tried again."""
        self._change(delivery, next_try=next_try, error=error)

    def failed(self, delivery: Delivery, error: str) -> None:
        """Record that a result is given up."""
        self._change(delivery, state="failed", finished=self._now(), error=error)

    def try_again(self, delivery_id: int) -> bool:
        """Send a result once more that was given up.

        Returns:
            Whether there is such a result.
        """
        failed = (deliveries.c.id == delivery_id) & (deliveries.c.state == "failed")
        now = self._now()
        again = {"state": "waiting", "tries": 0, "next_try": now, "created": now}
        with self._store.writing() as connection:
            changed = update(deliveries).where(failed).values(**again, finished=None)
            return bool(connection.execute(changed).rowcount)

    def of_series(self, series: str) -> list[Delivery]:
        """The results of a series, the newest first."""
        query = select(deliveries).where(deliveries.c.series == series)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(deliveries.c.id.desc()))
            return [_delivery(row) for row in rows]

    def listed(self, state: DeliveryState, most: int = 100) -> list[Delivery]:
        """Results in a state, the newest first."""
        query = select(deliveries).where(deliveries.c.state == state)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(deliveries.c.id.desc()).limit(most))
            return [_delivery(row) for row in rows]

    def counts(self) -> dict[DeliveryState, int]:
        """Number of results by state; every state is there."""
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        found: dict[DeliveryState, int] = {"waiting": 0, "sent": 0, "failed": 0}
        with self._store.reading() as connection:
            return found | {row[0]: row[1] for row in connection.execute(query)}

    def by_target(self) -> dict[str, TargetCounts]:
        """What became of the results, by name of the target."""
        state = deliveries.c.state
        is_waiting = state == "waiting"
        query = select(
            deliveries.c.target,
            func.sum(case((is_waiting, 1), else_=0)),
            func.sum(case((state == "sent", 1), else_=0)),
            func.sum(case((state == "failed", 1), else_=0)),
            func.max(case((is_waiting, deliveries.c.tries), else_=0)),
        ).group_by(deliveries.c.target)
        with self._store.reading() as connection:
            rows = connection.execute(query.order_by(deliveries.c.target)).all()
            return {
                name: TargetCounts(
                    int(waiting), int(sent), int(failed), int(tries), _last_error(connection, name)
                )
                for name, waiting, sent, failed, tries in rows
            }

    def fail_others(self, targets: Iterable[str], error: str) -> int:
        """Give up the results for all targets but some: the others were removed.

        Args:
            targets: Names of the targets that there are.
            error: Why.

        Returns:
            Number of results.
        """
        state, target = deliveries.c.state, deliveries.c.target
        orphans = (state == "waiting") & target.not_in(sorted(targets))
        with self._store.reading() as connection:
            if not connection.scalar(select(func.count()).where(orphans)):
                return 0
        given_up = (
            update(deliveries)
            .where(orphans)
            .values(state="failed", finished=self._now(), error=error)
        )
        with self._store.writing() as connection:
            return int(connection.execute(given_up).rowcount)

    def given_up_since(self, moment: datetime) -> dict[str, tuple[int, str | None]]:
        """Results that were given up after a time: number and last reason, by target."""
        recent = (deliveries.c.state == "failed") & (deliveries.c.finished > moment)
        query = select(deliveries).where(recent).order_by(deliveries.c.finished)
        found: dict[str, tuple[int, str | None]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(query):
                found[row.target] = (found.get(row.target, (0, None))[0] + 1, row.error)
        return found

    def files_to_keep(self, *, given_up_since: datetime) -> set[str]:
        """Names of the files that are not sent everywhere yet.

        Args:
            given_up_since: Results that were given up before are not sent again.
        """
        recent = (deliveries.c.state == "failed") & (deliveries.c.finished >= given_up_since)
        unsent = (deliveries.c.state == "waiting") | recent
        query = select(deliveries.c.file).where(unsent).distinct()
        with self._store.reading() as connection:
            return set(connection.scalars(query))

    def _change(self, delivery: Delivery, **values: Any) -> None:
        same = deliveries.c.id == delivery.id
        tried = {"tries": deliveries.c.tries + 1, **values}
        with self._store.writing() as connection:
            connection.execute(update(deliveries).where(same).values(**tried))


def add_deliveries(
    connection: Connection, series: str, results: Iterable[NewDelivery], now: datetime
) -> None:
    """Record what is to be sent; a result that is recorded already stays as it is."""
    for each in results:
        row = {
            "series": series,
            "target": each.target,
            "kind": each.kind,
            "file": each.file,
            "state": "waiting",
            "tries": 0,
            "created": now,
            "next_try": now,
        }
        insert_once(connection, deliveries, row)


def _last_error(connection: Connection, target: str) -> str | None:
    """Why the last try for a target failed, of those that are not delivered."""
    query = (
        select(deliveries.c.error)
        .where(
            deliveries.c.target == target,
            deliveries.c.state != "sent",
            deliveries.c.error.is_not(None),
        )
        .order_by(func.coalesce(deliveries.c.finished, deliveries.c.next_try).desc())
    )
    found = connection.scalar(query.limit(1))
    return None if found is None else str(found)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**row._mapping)
