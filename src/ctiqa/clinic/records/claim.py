"""Which spool a store belongs to: listeners with different spools would miss each other's files."""

from __future__ import annotations

from sqlalchemy import delete, update

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.cursors import Cursors
from ctiqa.clinic.records.health import Health
from ctiqa.errors import UsageError
from ctiqa.store.database.clinic_tables import cursors
from ctiqa.store.database.insert import insert_once
from ctiqa.store.store import Store

SOURCE = "spool of the store"
"""Name under which the spool is recorded, beside the positions in archives."""

SUPERVISOR = "supervisor"
"""Name of the part whose signs of life say that a listener runs."""


class Claim:
    """The claim of a spool to a store.

    A store without a claim, or whose listener is silent, may be claimed.

    Args:
        store: The store.
        spool: Identity of the spool.
        now: The clock.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from ctiqa.store import open_store
    >>> with tempfile.TemporaryDirectory() as folder, open_store(Path(folder, "a.db")) as store:
    ...     Claim(store, "one").make()
    ...     Health(store).tell("supervisor", "all parts run", started=utc_now())
    ...     Claim(store, "two").make()
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: the store is in use by a 'ctiqa listen' with another spool; ...
    """

    def __init__(self, store: Store, spool: str, now: Clock = utc_now) -> None:
        self._store = store
        self._spool = spool
        self._now = now

    def check(self) -> None:
        """Check that the store may be claimed.

        Raises:
            UsageError: If a listener with another spool uses it.
            OutputError: If the database cannot be reached.
        """
        owner = Cursors(self._store, self._now).position(SOURCE)
        if owner not in (None, self._spool) and self._is_alive():
            raise _in_use()

    def make(self) -> None:
        """Claim the store.

        Raises:
            UsageError: If a listener with another spool uses it.
            OutputError: If the database cannot be reached.
        """
        self.check()
        owner = Cursors(self._store, self._now).position(SOURCE)
        if owner != self._spool and not self._is_taken(owner):
            raise _in_use()

    def release(self) -> None:
        """End the claim, because the listener ends; another spool may follow at once.

        Raises:
            OutputError: If the database cannot be reached.
        """
        mine = (cursors.c.source == SOURCE) & (cursors.c.position == self._spool)
        with self._store.writing() as connection:
            connection.execute(delete(cursors).where(mine))

    def _is_taken(self, owner: str | None) -> bool:
        """Whether the store was taken over from an owner; not if somebody else was faster."""
        row = {"source": SOURCE, "position": self._spool, "moved": self._now()}
        with self._store.writing() as connection:
            if owner is None:
                return insert_once(connection, cursors, row)
            theirs = (cursors.c.source == SOURCE) & (cursors.c.position == owner)
            return bool(connection.execute(update(cursors).where(theirs).values(row)).rowcount)

    def _is_alive(self) -> bool:
        """Whether the listener of the owner gives signs of life."""
        health = Health(self._store, self._now)
        signs = [each for each in health.signs() if each.part == SUPERVISOR]
        return any(not health.is_silent(each) for each in signs)


def _in_use() -> UsageError:
    return UsageError(
        "the store is in use by a 'ctiqa listen' with another spool; give each listener a store of "
        "its own, or stop the other one (if it was killed, wait 90 s)"
    )
