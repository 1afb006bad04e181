"""Open a store that exists: reading never makes one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.errors import NothingToDoError
from ctiqa.io.access.regular import is_there
from ctiqa.store.opening import EXTRA, open_store
from ctiqa.system.extras import require_extra

if TYPE_CHECKING:
    from ctiqa.store.database.address import Address
    from ctiqa.store.store import Store

REMEDY = "check the address, or make a store with 'ctiqa survey'"


def open_existing_store(address: str | os.PathLike[str]) -> Store:
    """Open a store for reading; nothing is created, but an older store is upgraded.

    Args:
        address: As for :func:`ctiqa.store.open_store`.

    Returns:
        The store; close it, or use it in a ``with`` statement.

    Raises:
        NothingToDoError: If there is no store.
        UsageError: If the address is not one, or a library is not installed.
        DataError: If the database is not a store, is damaged, or was made by a newer ctiqa.
        OutputError: If it cannot be reached or opened.

    >>> open_existing_store("no/such.sqlite")
    Traceback (most recent call last):
    ...
    ctiqa.errors.NothingToDoError: there is no store 'no/such.sqlite'; check the address, or make a
    store with 'ctiqa survey'
    """
    require_extra("a store", "sqlalchemy", "alembic", extra=EXTRA)
    from ctiqa.store.database.address import parse_address  # noqa: PLC0415 - optional

    parsed = parse_address(address)
    missing = _no_file(parsed.file) if parsed.file else _no_tables(parsed)
    if missing:
        raise NothingToDoError(f"there is no store {parsed.name}; {REMEDY}")
    return open_store(address)


def _no_file(file: Path) -> bool:
    """Whether there is no database; whatever else is there, opening explains."""
    if not is_there(file) or (file.is_file() and file.stat().st_size == 0):
        return True
    return file.is_file() and _is_empty(file)


def _is_empty(file: Path) -> bool:
    """Whether a database has no tables."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.Error:
        return False  # opening says what is wrong


def _no_tables(address: Address) -> bool:
    """Whether a database on a server has no store."""
    require_extra("a PostgreSQL store", "psycopg", extra=EXTRA)
    from sqlalchemy import inspect  # noqa: PLC0415 - optional

    from ctiqa.store.database.connect import VERSION_TABLE, connect  # noqa: PLC0415 - optional
    from ctiqa.store.database.faults import explained  # noqa: PLC0415 - optional

    with explained(address):
        engine = connect(address)
        try:
            return not inspect(engine).has_table(VERSION_TABLE)
        finally:
            engine.dispose()
