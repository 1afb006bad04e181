"""The settings of a store, which are fixed when it is created."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Connection, Engine, select

from ctiqa.errors import UsageError
from ctiqa.store.database.address import Address
from ctiqa.store.database.connect import writing
from ctiqa.store.database.insert import insert_once
from ctiqa.store.database.tables import settings
from ctiqa.store.privacy import Dates, Privacy, Uids


def settle(
    engine: Engine,
    address: Address,
    uids: Uids | None,
    dates: Dates | None,
    like: Privacy | None = None,
) -> Privacy:
    """Read the settings, or make them for a new store.

    Args:
        engine: The store, with its tables.
        address: Its address, for messages.
        uids: As it must be; ``None`` takes it as it is.
        dates: The same.
        like: Settings and key of a new store; ``None`` makes a new key.

    Raises:
        UsageError: If the store has other settings.
    """
    with engine.connect() as connection:
        found = _read(connection)
    if found is None:
        with writing(engine) as connection:
            found = _make(connection, like or Privacy(uids or "plain", dates or "day"))
    for name, given, kept in (("uids", uids, found.uids), ("dates", dates, found.dates)):
        if given not in (None, kept):
            raise UsageError(
                f"{name!r} of {address.name} is {kept!r} since it was created, got {given!r}; "
                "leave it out, or use another store"
            )
    return found


def _read(connection: Connection) -> Privacy | None:
    row = connection.execute(select(settings)).one_or_none()
    if row is None:
        return None
    return Privacy(cast("Uids", row.uids), cast("Dates", row.dates), row.secret)


def _make(connection: Connection, wanted: Privacy) -> Privacy:
    """Store the settings, unless another process was faster; returns those that are stored."""
    row = {"id": 1, "uids": wanted.uids, "dates": wanted.dates, "secret": wanted.secret}
    insert_once(connection, settings, row)
    return _read(connection) or wanted
