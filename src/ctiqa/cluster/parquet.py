"""Turn parts into Parquet tables: scans, slices, and skipped inputs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Column, Date, Double, Integer

from ctiqa.archive.parquet import writing_parquet
from ctiqa.cluster.books import Say, silent
from ctiqa.cluster.merging import Merged, readable
from ctiqa.cluster.parts.parts import open_parts
from ctiqa.cluster.parts.shards import shards_to_do
from ctiqa.errors import OutputError
from ctiqa.io.atomic import check_results_folder, make_folder
from ctiqa.score.report.model_facts import model_title
from ctiqa.store.bundle import Bundle, ScanRows
from ctiqa.store.database.tables import scans, slices
from ctiqa.system.extras import require_extra

if TYPE_CHECKING:
    import polars

TABLES = ("scans", "slices", "skipped")

CHUNK = 100_000
"""Rows of slices that are in memory at once, about."""

KEY = ("series_uid", "content", "model_digest", "options_digest")
"""Columns that name a result; of equal ones the first is kept, as in a store."""

Row = Mapping[str, Any]


def merge_parts_to_parquet(
    parts: str | os.PathLike[str], folder: str | os.PathLike[str], *, say: Say = silent
) -> Merged:
    """Write ``scans.parquet``, ``slices.parquet`` and ``skipped.parquet``.

    The columns are those of :meth:`ctiqa.store.Store.scans` without those of the run, those of
    :meth:`ctiqa.store.Store.slices`, and ``input`` and ``reason``. Memory does not grow with the
    number of slices.

    Args:
        parts: Folder or URL of the parts; they are left as they are.
        folder: Where the tables are written; existing ones are replaced once all are complete.
        say: Told of damaged parts.

    Returns:
        What was merged; ``new`` counts the rows of scans.

    Raises:
        NothingToDoError: If there are no parts.
        UsageError: If polars is missing, or ``folder`` is a file.
        OutputError: If something cannot be read or written.
    """
    require_extra("merging to Parquet", "polars", extra="clinic")
    source, out = open_parts(os.fspath(parts)), Path(folder)
    check_results_folder(out)
    make_folder(out)
    try:
        with TemporaryDirectory(prefix=".merging-", dir=out, ignore_cleanup_errors=True) as made:
            tables = _Tables(Path(made))
            total = tables.fill(readable(source, say))
            with writing_parquet():
                tables.publish(out)
    except OSError as error:
        raise OutputError(
            f"'{out}' must be writable, got '{error.strerror or error}'; "
            "free space or choose another place"
        ) from error
    return replace(total, to_do=shards_to_do(source.place))


@dataclass(slots=True)
class _Tables:
    """Tables that are filled piece by piece.

    Attributes:
        folder: For the pieces.
        seen: Results that have rows.
        skipped: Reasons by input.
        rows: Rows of the current piece, by table.
        pieces: Number of pieces that are written.
    """

    folder: Path
    seen: set[tuple[str, ...]] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {"scans": [], "slices": []})
    pieces: int = 0

    def fill(self, contents: Iterable[list[Bundle] | None]) -> Merged:
        """Take all parts."""
        total = Merged()
        for bundles in contents:
            if bundles is None:
                total = replace(total, damaged=total.damaged + 1)
                continue
            for bundle in bundles:
                self._add(bundle)
            found = sum(len(each.scans) for each in bundles)
            total = replace(total, parts=total.parts + 1, scans=total.scans + found)
            if len(self.rows["slices"]) >= CHUNK:
                self._write_piece()
        self._write_piece()
        return replace(total, new=len(self.seen), skipped=len(self.skipped))

    def publish(self, out: Path) -> None:
        """Join the pieces, and replace the tables in ``out``."""
        import polars  # noqa: PLC0415 - optional

        for table in ("scans", "slices"):
            pieces = [self._piece(table, number) for number in range(self.pieces)]
            polars.scan_parquet(pieces).sink_parquet(self.folder / table, compression="zstd")
        rows = sorted(self.skipped.items())
        schema = {"input": polars.String, "reason": polars.String}
        frame = polars.DataFrame(rows, schema, orient="row")
        frame.write_parquet(self.folder / "skipped", compression="zstd")
        for table in TABLES:
            _flush(self.folder / table)
        for table in TABLES:
            (self.folder / table).replace(out / f"{table}.parquet")

    def _add(self, bundle: Bundle) -> None:
        title = model_title(bundle.model)
        for scan in bundle.scans:
            key = tuple(scan.row[name] for name in KEY)
            for each in scan.inputs:
                self.skipped.pop(each, None)
            if key not in self.seen:
                self.seen.add(key)
                self.rows["scans"].append({**scan.row, "scored_by": title})
                self.rows["slices"].extend(_slices(scan, key))
        self.skipped.update(bundle.skipped)

    def _write_piece(self) -> None:
        for table, rows in self.rows.items():
            frame = _frame(table, rows)
            with writing_parquet():
                frame.write_parquet(self._piece(table, self.pieces))
            rows.clear()
        self.pieces += 1

    def _piece(self, table: str, number: int) -> Path:
        return self.folder / f"{table}-{number:06}.parquet"


def _slices(scan: ScanRows, key: tuple[str, ...]) -> Iterator[Row]:
    named = dict(zip(KEY, key, strict=True))
    return ({**named, **row} for row in scan.slices)


def _frame(table: str, rows: list[Row]) -> polars.DataFrame:
    """Rows of a table, with one type per column, also if there are none."""
    import polars  # noqa: PLC0415 - optional

    columns = _columns(table)
    series = [
        polars.Series(name, [_value(row[name]) for row in rows], _kind(column))
        for name, column in columns.items()
    ]
    return polars.DataFrame(series)


def _columns(table: str) -> dict[str, Column[Any] | None]:
    """The columns in the order of the store; ``None`` for one of plain text."""
    if table == "scans":
        kept = {c.name: c for c in scans.c if c.name not in ("id", "run", "stored")}
        return {**kept, "scored_by": None}
    return {**dict.fromkeys(KEY), **{c.name: c for c in slices.c if c.name != "scan"}}


def _kind(column: Column[Any] | None) -> Any:
    import polars  # noqa: PLC0415 - optional

    kinds = {Date: polars.Date, Double: polars.Float64, Integer: polars.Int64, JSON: polars.String}
    found = next((kind for sql, kind in kinds.items() if _is(column, sql)), None)
    return found or polars.String


def _is(column: Column[Any] | None, sql: type) -> bool:
    return column is not None and isinstance(column.type, sql)


def _value(value: Any) -> Any:
    """A value as it is in a table: lists and objects as JSON, like in a store."""
    return json.dumps(value) if isinstance(value, dict | list) else value


def _flush(file: Path) -> None:
    with suppress(OSError), file.open("rb") as stream:
        os.fsync(stream.fileno())
