"""What is unusual in scans, as the trends say."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from sqlalchemy import func, select

from ctiqa.clinic.records.notes import ScanName
from ctiqa.store.database.clinic_tables import notes
from ctiqa.store.store import Store
from ctiqa.trends.result import Outlier
from ctiqa.web.reading.view import TrendsState

NAME = ("series_uid", "content")
"""Columns of the name of a scan in the store."""


def unusual(state: TrendsState) -> Mapping[ScanName, Outlier]:
    """Outliers by the name of the scan in the store, the worst first."""
    return state.memo.get(unusual, lambda: _unusual(state))


def unexplained(store: Store, state: TrendsState) -> list[ScanName]:
    """Outliers that no reviewer has explained, the worst first.

    Raises:
        OutputError: If the database cannot be reached.
    """
    latest = select(func.max(notes.c.id)).group_by(notes.c.series, notes.c.content)
    explains = notes.c.id.in_(latest) & notes.c.is_explained
    with store.reading() as connection:
        found = connection.execute(select(notes.c.series, notes.c.content).where(explains))
        explained = {(series, content) for series, content in found}
    return [scan for scan in unusual(state) if scan not in explained]


def names_frame(scans: list[ScanName]) -> pl.DataFrame:
    """Names of scans as a frame, for joins."""
    columns = {name: [scan[at] for scan in scans] for at, name in enumerate(NAME)}
    return pl.DataFrame(columns, schema=dict.fromkeys(NAME, pl.String))


def _unusual(state: TrendsState) -> dict[ScanName, Outlier]:
    found = state.trends.outliers if state.trends else ()
    return {(each.series_uid, each.content): each for each in found}
