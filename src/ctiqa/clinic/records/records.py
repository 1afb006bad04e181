"""What all records have in common."""

from __future__ import annotations

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.store.store import Store


class Records:
    """Records of the clinic in the database of a store.

    All methods of records raise ``OutputError`` if the database cannot be reached.

    Args:
        store: The store.
        now: The clock.
    """

    def __init__(self, store: Store, now: Clock = utc_now) -> None:
        self._store = store
        self._now = now
