"""Limits of quality and dose, checked on the trends of the store whenever it has changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import func, select

from ctiqa.clinic.records.alerts import Facts, Finding
from ctiqa.clinic.records.notes import Notes, ScanName
from ctiqa.errors import DataError
from ctiqa.io.access.regular import is_there
from ctiqa.store.database.clinic_tables import doses, notes
from ctiqa.store.database.tables import scans
from ctiqa.store.store import Store
from ctiqa.trends import Trends, trends
from ctiqa.trends.limits import Limit, Violation, check_limits, read_limits

KIND = "limit"

FILE = "limits-file"
"""Kind of a finding about the file with the limits."""


class LimitWatch:
    """Checks limits; as long as nothing has changed, the last outcome counts.

    Args:
        store: The store.
        file: File with the limits; read again when it has changed.
    """

    def __init__(self, store: Store, file: Path) -> None:
        self._store = store
        self._file = file
        self._seen: tuple[Any, ...] | None = None
        self._found: list[Finding] = []
        self.n_checks = 0

    def findings(self) -> list[Finding]:
        """The limits that are broken now.

        Raises:
            OutputError: If the database cannot be reached.
            DataError: If the file with the limits cannot be used.
        """
        state = self._state()
        if state != self._seen:
            limits = read_limits(self._file)
            self._found = [_finding(each) for each in broken_limits(self._store, limits)]
            self.n_checks += 1
            self._seen = state
        return self._found

    def _state(self) -> tuple[Any, ...]:
        """What changes with every new scan, dose, note, and version of the file."""
        query = select(
            select(func.max(scans.c.id)).scalar_subquery(),
            select(func.count(scans.c.id)).scalar_subquery(),
            select(func.max(notes.c.id)).scalar_subquery(),
            select(func.max(doses.c.received)).scalar_subquery(),
            select(func.count(doses.c.event)).scalar_subquery(),
        )
        with self._store.reading() as connection:
            row = connection.execute(query).one()
        stat = self._file.stat() if is_there(self._file) else None
        return (*row, stat and (stat.st_mtime_ns, stat.st_size))


def broken_limits(store: Store, limits: Sequence[Limit]) -> tuple[Violation, ...]:
    """The limits that are broken; scans that a reviewer has marked as explained keep every limit.

    Args:
        store: The store.
        limits: The limits.

    Raises:
        OutputError: If the database cannot be reached.
    """
    found = trends(store)
    violations = check_limits(found, limits).violations
    named = {series for each in violations for series in each.series}
    explained = _explained(store, found, named)
    if not explained:
        return violations
    # The sentences count the scans that remain.
    is_explained = pl.struct("series_uid", "content").is_in(
        [{"series_uid": series, "content": content} for series, content in sorted(explained)]
    )
    rest = replace(found, scans=found.scans.filter(~is_explained))
    return check_limits(rest, limits).violations


def unusable(error: DataError) -> Finding:
    """The finding that limits cannot be checked."""
    return Finding(FILE, "", f"limits are not checked: {error}")


def _explained(store: Store, found: Trends, series: Collection[str]) -> set[ScanName]:
    """Those of some scans whose latest note explains them."""
    chosen = found.scans.filter(pl.col("series_uid").is_in(sorted(series)))
    names: list[ScanName] = list(chosen.select("series_uid", "content").iter_rows())
    latest = Notes(store).latest(names)
    return {name for name, note in latest.items() if note.is_explained}


def _finding(violation: Violation) -> Finding:
    where: Facts = {
        "rule": violation.rule,
        "limited": violation.key,
        "protocol": violation.protocol,
        "scanner": violation.scanner,
        "kernel": violation.kernel,
    }
    counts: Facts = {"n": violation.n, "n_broken": violation.n_broken}
    name = json.dumps(list(where.values()), ensure_ascii=False)
    return Finding(KIND, name, f"{violation.rule}: {violation.sentence}", {**where, **counts})
