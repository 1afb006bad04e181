"""Errors of databases as messages that a user can act on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from ctiqa.errors import CtiqaError, DataError, OutputError
from ctiqa.store.database.address import Address
from ctiqa.text.plain_text import clean

WAIT_S = 30
"""Time to wait for another process that writes, in seconds."""

MOST_TEXT = 200
"""Longest message of a database that is quoted, in characters."""


class RowError(OutputError):
    """The database refuses what is to be stored, and would at every further attempt."""


_NETWORK = "SQLite does not work on network drives; use PostgreSQL there (postgresql://...)"

Answer = tuple[type[CtiqaError], str]
"""Exception, and what follows the name of the store in its message."""

_BUSY: Answer = (
    OutputError,
    f"must be free within {WAIT_S} s, but another process is writing to it; try again when that "
    f"has ended. {_NETWORK}",
)
_READ_ONLY: Answer = (
    OutputError,
    "must be writable, and so must its folder; ask for permission or choose another place",
)
_FULL: Answer = (
    OutputError,
    "cannot grow, the disk is full; free space and run again: what was stored before is kept",
)
_DAMAGED: Answer = (
    DataError,
    "is damaged; restore it from a backup, or rescue it with: sqlite3 OLD .recover | sqlite3 NEW",
)
_NOT_SQLITE: Answer = (
    DataError,
    "is not an SQLite file; choose another name for the store",
)
_BROKEN_DRIVE: Answer = (
    OutputError,
    f"cannot be read or written, the drive reports an error. {_NETWORK}",
)

_BAD_ROW: Answer = (
    RowError,
    "refuses a value of this result; that is an error in ctiqa, please report it",
)

SQLITE: dict[int, Answer] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_AUTH: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _NOT_SQLITE,
    sqlite3.SQLITE_IOERR: _BROKEN_DRIVE,
    sqlite3.SQLITE_CONSTRAINT_CHECK: _BAD_ROW,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: _BAD_ROW,
    sqlite3.SQLITE_MISMATCH: _BAD_ROW,
    sqlite3.SQLITE_TOOBIG: _BAD_ROW,
}
"""Answers by result code, or its primary one. Other constraints fail when two write at once."""

POSTGRESQL: dict[str, Answer] = {
    "22": _BAD_ROW,
    "23502": _BAD_ROW,  # a value is missing
    "23514": _BAD_ROW,  # a check fails
    "25006": (OutputError, "must be writable, but the server only allows reading; use its primary"),
    "28": (OutputError, "refuses the user or the password; check both"),
    "3D": (OutputError, "does not exist; create it with: createdb NAME"),
    "42501": (OutputError, "must allow its user to create and write tables; ask for permission"),
    "53100": _FULL,
}
"""Answers by SQLSTATE, or the first two characters of it."""


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Raise errors of the database as errors of ctiqa, without password and statement.

    Raises:
        OutputError: If the database cannot be reached, read or written.
        RowError: If it refuses a value.
        DataError: If it is damaged or not a store.
    """
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error, OverflowError) as error:
        raise explain(error, address) from None


def explain(error: Exception, address: Address) -> CtiqaError:
    """The error to raise for an error of the database."""
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig else error
    # Drivers refuse values of their own accord: a NUL in a text, a number of more than 64 bits.
    is_refused = isinstance(error, exc.DataError | OverflowError)
    answer = _BAD_ROW if is_refused else _answer(cause)
    if answer is not None:
        kind, sentence = answer
        return kind(f"{address.name} {sentence}")
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return OutputError(
            f"{address.name} closed the connection; run again: what was stored before is kept"
        )
    return OutputError(
        f"{address.name} cannot be used ({quoted(cause, address)}); check the address, the user, "
        "the password and whether the server runs"
    )


def quoted(cause: BaseException, address: Address) -> str:
    """The message of a database in one line, without the password."""
    text = " ".join(str(cause).split())
    if address.url.password:
        text = text.replace(str(address.url.password), "***")
    return clean(text, MOST_TEXT)


def _answer(cause: BaseException) -> Answer | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE.get(code) or SQLITE.get(code & 0xFF)
    state = getattr(cause, "sqlstate", None) or _state_of_connecting(str(cause))
    return POSTGRESQL.get(state) or POSTGRESQL.get(state[:2])


def _state_of_connecting(text: str) -> str:
    """SQLSTATE of a failed connection, which the driver only has as text; empty if unknown."""
    if "authentication failed" in text or "no password supplied" in text:
        return "28P01"
    return "3D000" if "FATAL" in text and "does not exist" in text else ""
