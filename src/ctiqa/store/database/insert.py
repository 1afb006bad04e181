"""Insert rows that may be there already: the same row twice is one row, also with two writers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert


def insert_once(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row, unless one with its key is there.

    Returns:
        Whether it was inserted.
    """
    return insert_new(connection, table, row) is not None


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> Any:
    """Insert a row, unless one with its key is there.

    Returns:
        Its primary key (the first column of it); ``None`` if it was not inserted.
    """
    (key, *_) = table.primary_key
    statement = _insert(connection, table).values(row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).scalar()


def insert_or_replace(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    if_changed: str | None = None,
) -> None:
    """Insert rows; those that are there already are replaced.

    Args:
        connection: A transaction that writes.
        table: The table.
        rows: The rows, with all columns, in the order of their keys: two writers that store the
            same rows in different orders would wait for each other.
        if_changed: Replace a row only if this column has another value.
    """
    if not rows:
        return
    statement: Any = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    new = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    where = None if if_changed is None else table.c[if_changed] != new[if_changed]
    replacing = statement.on_conflict_do_update(index_elements=keys, set_=new, where=where)
    connection.execute(replacing, list(rows))


def _insert(connection: Connection, table: Table) -> Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
