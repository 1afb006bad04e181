"""Open a store: create or upgrade it, and check what it keeps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.io.access.regular import is_there
from ctiqa.store.privacy import Dates, Privacy, Uids, check_choices
from ctiqa.system.extras import require_extra

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ctiqa.store.database.address import Address
    from ctiqa.store.store import Store

EXTRA = "clinic"
"""Extra that installs the libraries."""


def open_store(
    address: str | os.PathLike[str], *, uids: Uids | None = None, dates: Dates | None = None
) -> Store:
    """Open a store; it is created if there is none, and upgraded if it is of an older version.

    Args:
        address: File of an SQLite store, or the URL of a database: ``sqlite:///FILE`` or
            ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``. The database must exist; its tables
            are created.
        uids: Whether UIDs of series are kept (``"plain"``, the default) or hashed with a random
            key of the store (``"hashed"``).
        dates: Whether the day of a study is kept (``"day"``, the default), the first day of its
            month (``"month"``) or nothing (``"none"``).

    Returns:
        The store; close it, or use it in a ``with`` statement.

    Raises:
        UsageError: If the address is not one, a library is not installed, or the store was
            created with other ``uids`` or ``dates``.
        DataError: If the database is not a store, is damaged, or was made by a newer ctiqa.
        OutputError: If it cannot be reached or written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     open_store(Path(folder, "ct.sqlite"), uids="hashed").close()
    ...     open_store(Path(folder, "ct.sqlite"), uids="plain")
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'uids' of .../ct.sqlite' is 'hashed' since it was created, got 'plain';
    leave it out, or use another store
    """
    check_choices(uids, dates)
    return _store(address, uids, dates, None)


def open_store_like(address: str | os.PathLike[str], privacy: Privacy) -> Store:
    """Open a store for results that were made elsewhere.

    Args:
        address: As in :func:`open_store`.
        privacy: Settings and key of a new store. A store that is there keeps its own, which the
            caller must compare (:attr:`ctiqa.store.Store.privacy`).

    Raises:
        UsageError: If the address is not one, or a library is not installed.
        DataError: If the database is not a store, is damaged, or was made by a newer ctiqa.
        OutputError: If it cannot be reached or written.

    >>> import tempfile
    >>> made_elsewhere = Privacy(uids="hashed")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open_store_like(Path(folder, "ct.sqlite"), made_elsewhere) as store:
    ...         store.privacy == made_elsewhere
    True
    """
    return _store(address, None, None, privacy)


def _store(
    address: str | os.PathLike[str], uids: Uids | None, dates: Dates | None, like: Privacy | None
) -> Store:
    require_extra("a store", "sqlalchemy", "alembic", extra=EXTRA)
    from ctiqa.store.database.address import parse_address  # noqa: PLC0415 - optional
    from ctiqa.store.store import Store  # noqa: PLC0415 - optional

    parsed = parse_address(address)
    if parsed.file is None:
        require_extra("a PostgreSQL store", "psycopg", extra=EXTRA)
    is_new = parsed.file is not None and not is_there(parsed.file)
    try:
        return Store(*_opened(parsed, uids, dates, like))
    except BaseException:
        if is_new:
            _remove_empty(parsed.file)
        raise


def _opened(
    address: Address, uids: Uids | None, dates: Dates | None, like: Privacy | None
) -> tuple[Engine, Address, Privacy]:
    """Connect, bring the tables up to date, and read or make the settings."""
    from ctiqa.store.database.connect import connect  # noqa: PLC0415 - optional
    from ctiqa.store.database.faults import explained  # noqa: PLC0415 - optional
    from ctiqa.store.database.schema import upgrade  # noqa: PLC0415 - optional
    from ctiqa.store.database.settings import settle  # noqa: PLC0415 - optional

    with explained(address):
        engine = connect(address)
        try:
            upgrade(engine, address)
            return engine, address, settle(engine, address, uids, dates, like)
        except BaseException:
            engine.dispose()
            raise


def _remove_empty(file: Path | None) -> None:
    """Remove a file that was created, but could not be made a store."""
    if file is not None and is_there(file) and file.stat().st_size == 0:
        file.unlink()
