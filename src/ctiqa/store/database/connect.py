"""Connections to a store; no statement is repeated in a message, no parameter is logged."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from ctiqa.errors import DataError, OutputError
from ctiqa.io.access.regular import is_there
from ctiqa.store.database.address import Address
from ctiqa.store.database.drives import network_drive
from ctiqa.store.database.faults import WAIT_S

WRITES = "ctiqa_writes"
"""Execution option of a connection that writes."""

CONNECT_S = 10
"""Time to wait for a server, in seconds."""

VERSION_TABLE = "ctiqa_schema"
"""Table with the version of the tables; it tells a store from other databases."""

PRAGMAS = ("synchronous=FULL", "foreign_keys=ON")
"""``FULL``: a series that was stored survives a power cut."""

_TRY_AGAIN_S = 0.05


def connect(address: Address) -> Engine:
    """A pool of connections; none is opened yet.

    Raises:
        OutputError: If an SQLite file cannot be there.
        DataError: If the file is an SQLite database of another program.
    """
    if address.file is None:
        return create_engine(
            address.url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S, "application_name": "ctiqa"},
        )
    _check_file(address.file, address.name)
    engine = create_engine(address.url, hide_parameters=True, connect_args={"timeout": WAIT_S})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; committed at the end, rolled back on any error."""
    with (
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


def _check_file(file: Path, name: str) -> None:
    # Unlike those of a path, these functions never raise.
    folder = os.path.dirname(os.path.abspath(file))  # noqa: PTH100, PTH120
    if os.path.isdir(file) or not os.path.isdir(folder):  # noqa: PTH112
        raise OutputError(f"{name} must be a file in an existing folder; choose another place")
    if system := network_drive(file):
        raise OutputError(
            f"{name} must be on a local drive, got one of type {system}: several computers can "
            "write there, and SQLite cannot keep them apart; use PostgreSQL (postgresql://...)"
        )
    if not os.access(folder, os.W_OK) or (is_there(file) and not os.access(file, os.W_OK)):
        raise OutputError(
            f"{name} and its folder must be writable; ask for permission or choose another place"
        )
    if is_there(file) and file.stat().st_size:
        _check_ours(file, name)


def _check_ours(file: Path, name: str) -> None:
    """Refuse a database of another program before anything in it is changed."""
    with closing(sqlite3.connect(file, timeout=WAIT_S)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    names = {each for (each,) in rows}
    if names and VERSION_TABLE not in names:
        raise DataError(
            f"{name} must be a store of ctiqa, but is a database of another program; choose "
            "another name for the store"
        )


def _set_up(connection: Any, _record: object) -> None:
    """Prepare a new connection to SQLite.

    The driver would start transactions only before the first change, too late to read and
    write in one; so it is told to leave them to :func:`_begin`.
    """
    connection.isolation_level = None
    with closing(connection.cursor()) as cursor:
        _write_ahead(cursor)
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch to a write-ahead log, in which readers and a writer do not wait for each other.

    SQLite does not wait when two processes do this at once.
    """
    end = time.monotonic() + WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_TRY_AGAIN_S)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
