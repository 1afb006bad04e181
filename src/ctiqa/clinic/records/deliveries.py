"""Results that are to be sent, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.store.database.clinic_tables import deliveries
from ctiqa.store.database.insert import insert_once
from ctiqa.store.store import Store

DeliveryState = Literal["waiting", "sent", "failed"]

ResultKind = Literal["sr", "pdf"]


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


class Deliveries:
    """Results of a store that are to be sent.

    All methods raise ``OutputError`` if the database cannot be reached.

    Args:
        store: The store.
        now: The clock.
    """

    def __init__(self, store: Store, now: Clock = utc_now) -> None:
        self._store = store
        self._now = now

    def due(self, most: int = 100) -> list[Delivery]:
        """What is to be sent now, the oldest first."""
        query = (
            select(deliveries)
            .where(deliveries.c.state == "waiting", deliveries.c.next_try <= self._now())
            .order_by(deliveries.c.next_try, deliveries.c.id)
            .limit(most)
        )
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
        again = {"state": "waiting", "next_try": self._now(), "created": self._now()}
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

    def files_to_keep(self) -> set[str]:
        """Names of the files that are not sent everywhere yet."""
        query = select(deliveries.c.file).where(deliveries.c.state != "sent").distinct()
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


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**row._mapping)
