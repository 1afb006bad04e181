"""Check of the database: there, and of a version that is known; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, inspect, select, text

from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.config import Config, StoreSection
from ctiqa.errors import CtiqaError
from ctiqa.io.access.regular import is_there
from ctiqa.store.database.address import Address, parse_address
from ctiqa.store.database.connect import VERSION_TABLE, connect
from ctiqa.store.database.faults import explained
from ctiqa.store.database.schema import METADATA, SCHEMA
from ctiqa.store.database.tables import settings

PLACE = "store.address"


def check_database(config: Config) -> Iterator[Check]:
    """Check that the store can be reached or made, and what is in it."""
    store = config.store
    try:
        address = parse_address(store.url())
        if store.password_file is None and address.url.password:
            yield Check(
                PLACE,
                "warning",
                "holds the password of the database; write it into a file of its own and name it "
                "in 'password_file'",
            )
        yield from _found(address, store)
    except CtiqaError as error:
        yield Check(PLACE, "broken", str(error))


def _found(address: Address, store: StoreSection) -> Iterator[Check]:
    with explained(address):
        # Raises if the file cannot be there, or is the database of another program.
        engine = connect(address)
        try:
            if address.file is not None and not is_there(address.file):
                yield Check(PLACE, "ok", f"the store {address.name} will be created at start")
                return
            with engine.connect() as connection:
                yield _version(connection, address)
                yield from _settings(connection, store)
        finally:
            engine.dispose()


def _version(connection: Connection, address: Address) -> Check:
    """What the version of the tables means."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        if names & set(METADATA.tables):
            why = f"{address.name} has tables of another program; use a database of its own"
            return Check(PLACE, "broken", why)
        return Check(PLACE, "ok", f"{address.name} is empty; its tables will be created at start")
    version = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    if version is None or version < SCHEMA:
        why = f"{address.name} has tables of an older version, which will be upgraded at start"
        return Check(PLACE, "note", f"{why}; make a backup first")
    if version > SCHEMA:
        why = f"{address.name} has tables of version {version}, and this ctiqa knows up to {SCHEMA}"
        return Check(PLACE, "broken", f"{why}; update ctiqa")
    return Check(PLACE, "ok", f"the store {address.name} can be reached")


def _settings(connection: Connection, store: StoreSection) -> Iterator[Check]:
    """Whether a store that is there keeps what the configuration wants."""
    if not inspect(connection).has_table(settings.name):
        return
    row = connection.execute(select(settings)).one_or_none()
    for key in ("uids", "dates"):
        given, kept = getattr(store, key), getattr(row, key, None)
        if None not in (given, kept) and given != kept:
            why = f"the store was made with '{kept}', got '{given}'"
            remedy = "leave the key out, or use another store"
            yield Check(f"store.{key}", "broken", f"{why}; {remedy}")
