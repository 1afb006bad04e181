"""The irradiation events that the images of a series come from."""

from __future__ import annotations

from collections.abc import Iterable

from ctiqa.store.database.clinic_tables import exposures
from ctiqa.store.database.insert import insert_once
from ctiqa.store.store import Store


class Exposures:
    """Irradiation events of the series of a store; dose reports are joined by them.

    All methods raise ``OutputError`` if the database cannot be reached.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, series: str, events: Iterable[str]) -> None:
        """Record events of a series; those that are recorded stay.

        Args:
            series: Name of the series in the store.
            events: UIDs of the events (Irradiation Event UID), as the store keeps UIDs.
        """
        rows = [{"series": series, "event": event} for event in sorted(set(events))]
        if not rows:
            return
        with self._store.writing() as connection:
            for row in rows:
                insert_once(connection, exposures, row)
