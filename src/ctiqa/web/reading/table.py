"""All scans of a store in memory, kept up to date at little cost."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Select, func, select

from ctiqa.store.database.clinic_tables import doses
from ctiqa.store.database.tables import scans
from ctiqa.store.frames import frame_of, scans_query
from ctiqa.store.store import Store

KEY = ("series_uid", "content", "model_digest", "options_digest")
"""Columns that tell scans apart."""

NAME_LENGTH = 32
"""Length of the name of a scan in addresses, in hexadecimal digits."""

CHANGING = ("ctdivol_mgy", "ctdi_phantom_cm", "ssde_mgy")
"""Columns that may change after a scan was stored: dose reports come later."""


PORTION = 5_000
"""Rows that are read at once: other threads and the memory have little to bear."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Tells whether something has changed, for little.

    Attributes:
        newest: Largest number of a row.
        n: Number of scans.
        doses: Number of doses, and when the last one came.
    """

    newest: int
    n: int
    doses: tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Scans at one moment.

    Attributes:
        frame: One row per scan, the one stored last first: columns of ``Store.scans()``, ``scan``,
            the name of the scan in addresses, and ``id``.
        marker: What the store was like.
        version: Counts changes.
    """

    frame: pl.DataFrame
    marker: Marker
    version: int = 0


def scan_name(key: tuple[str, str, str, str]) -> str:
    """Name of a scan in addresses: part of a hash of its key.

    >>> scan_name(("1.2.3", "c", "m", "o"))
    'df352a4c93a004b6a3153aef7b698f11'
    """
    return hashlib.sha256("\n".join(key).encode()).hexdigest()[:NAME_LENGTH]


def read_marker(store: Store) -> Marker:
    """What the store is like now.

    Raises:
        OutputError: If the database cannot be reached.
    """
    with store.reading() as connection:
        newest, n = connection.execute(select(func.max(scans.c.id), func.count())).one()
        of_doses = connection.execute(select(func.count(), func.max(doses.c.received))).one()
        return Marker(newest or 0, n, tuple(of_doses))


def read_table(store: Store, before: Table | None = None) -> Table:
    """The scans of a store; only what is new is read, if that is enough.

    Args:
        store: The store.
        before: What was read before.

    Raises:
        OutputError: If the database cannot be reached.
    """
    marker = read_marker(store)
    if before is None:
        return Table(_arranged(_rows(store, 0, marker)), marker)
    if marker == before.marker:
        return before
    new = _rows(store, before.marker.newest, marker)
    frame = before.frame
    # Rows may appear in another order than that of their numbers, or be removed.
    if frame.height + new.height != marker.n:
        frame, new = _rows(store, 0, marker), new.clear()
    elif marker.doses != before.marker.doses:
        frame = frame.update(_changing(store), on="id", include_nulls=True)
    return Table(_arranged(pl.concat([frame, new], how="diagonal")), marker, before.version + 1)


def _rows(store: Store, after: int, marker: Marker) -> pl.DataFrame:
    """The rows after a number, in portions."""
    ends = [*range(after + PORTION, marker.newest, PORTION), marker.newest]
    starts = [after, *ends[:-1]]
    return pl.concat([_portion(store, *each) for each in zip(starts, ends, strict=True)])


def _portion(store: Store, after: int, last: int) -> pl.DataFrame:
    """The rows after a number up to another one; which are current shows in all of them only."""
    of_all = scans_query().order_by(None)
    columns = [column for column in of_all.selected_columns if column.name != "current"]
    query: Select[Any] = of_all.with_only_columns(*columns, scans.c.id, maintain_column_froms=True)
    wanted = query.where(scans.c.id > after, scans.c.id <= last)
    with store.reading() as connection:
        found: pl.DataFrame = frame_of(connection, wanted, "polars")
    names = [scan_name(key) for key in found.select(KEY).iter_rows()]
    return found.with_columns(pl.Series("scan", names, pl.String))


def _changing(store: Store) -> pl.DataFrame:
    query = select(scans.c.id, *(scans.c[name] for name in CHANGING))
    with store.reading() as connection:
        found: pl.DataFrame = frame_of(connection, query, "polars")
    return found


def _arranged(frame: pl.DataFrame) -> pl.DataFrame:
    """The scan stored last first; the last one of each series is current."""
    newest = pl.col("id").max().over("series_uid", "model_digest", "options_digest")
    return frame.with_columns(current=pl.col("id") == newest).sort(
        "stored", "id", descending=[True, True]
    )
