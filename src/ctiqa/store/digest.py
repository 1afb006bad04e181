"""Digest of everything that a store knows, however, when and in which order it was stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, select

from ctiqa.store.database.tables import models, scans, skipped, slices

NOT_CONTENT = ("id", "run", "stored")
"""Columns that say when and by whom a scan was stored."""

AT_ONCE = 10_000
"""Rows fetched at a time."""


def store_digest(connection: Connection) -> str:
    """SHA-256 over models, scans, slices and the numbers of skipped inputs by reason."""
    lines = sorted([*_models(connection), *_scans(connection), *_skipped(connection)])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _models(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(models)):
        yield f"model {_digest(tuple(row))}"


def _scans(connection: Connection) -> Iterator[str]:
    """One line per scan; the slices follow the scans in the same order."""
    of_slices = _slices(connection)
    columns = [column for column in scans.c if column.name not in NOT_CONTENT]
    query = select(scans.c.id, *columns).order_by(scans.c.id)
    for scan, *row in connection.execute(query).yield_per(AT_ONCE):
        yield f"scan {_digest(row)} {of_slices.pop(scan, '')}"


def _slices(connection: Connection) -> dict[int, str]:
    """Digest of the slices of each scan."""
    query = select(slices).order_by(slices.c.scan, slices.c.number)
    rows = connection.execute(query).yield_per(AT_ONCE)
    return {
        scan: _digest([tuple(row)[1:] for row in group])
        for scan, group in groupby(rows, key=lambda row: int(row.scan))
    }


def _skipped(connection: Connection) -> Iterator[str]:
    query = select(skipped.c.reason, func.count()).group_by(skipped.c.reason)
    for reason, count in connection.execute(query):
        yield f"skipped {reason} {count}"


def _digest(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
