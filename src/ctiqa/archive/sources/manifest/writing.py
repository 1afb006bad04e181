"""Write what was listed as a manifest, so that a survey is a function of one file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ctiqa.archive.parquet import writing_parquet
from ctiqa.archive.sources.manifest.table import COLUMNS
from ctiqa.archive.unit import Unit
from ctiqa.errors import DataError, UsageError
from ctiqa.io.atomic import replace_file
from ctiqa.system.extras import require_extra
from ctiqa.text.plain_text import clean

SUFFIXES = (".csv", ".parquet")

Row = tuple[str, str, str]

_ROWS = 50_000
"""Number of rows that are Python objects at the same time."""


def check_manifest_name(file: Path) -> None:
    """Check that a manifest can have this name.

    Raises:
        UsageError: If the suffix is neither ``.csv`` nor ``.parquet``.

    >>> check_manifest_name(Path("list.parquet"))
    """
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a manifest must end in .csv or .parquet, got '{clean(file.name, 80)}'")


def write_manifest(units: Iterable[Unit], file: Path) -> int:
    """Write a manifest: one row for every file, with the columns path, series and stamp.

    Rows of one unit have the same ``series``, a hash. Paths may hold the names of patients, so
    keep the manifest as you keep the images.

    Args:
        units: What was listed; taken one by one.
        file: ``.csv`` or ``.parquet``; it is replaced in one step, or not at all.

    Returns:
        The number of rows.

    Raises:
        UsageError: If the suffix is another one, or an extra is missing.
        DataError: If there is nothing to write, or a path is not text.
        OutputError: If the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from ctiqa.archive.unit import Entry, LocalUnit
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "m.csv")
    ...     write_manifest([LocalUnit("ct", (Entry("/ct/1.dcm", "9 1"),))], file)
    ...     print(file.read_text().strip())
    1
    path,series,stamp
    /ct/1.dcm,e9ac9faad0ac,9 1
    """
    check_manifest_name(file)
    rows = _rows(units)
    if file.suffix.lower() == ".csv":
        with replace_file(file) as stream:
            return _write_csv(rows, stream)
    require_extra("a manifest in Parquet", "polars", extra="clinic")
    with replace_file(file) as stream:
        return _write_parquet(rows, stream)


def series_of(unit: Unit) -> str:
    """What stands for a unit in a manifest: a hash of the names of its files."""
    names = "\0".join(each.name for each in unit.entries)
    return sha256(names.encode(errors="surrogateescape")).hexdigest()[:12]


def _rows(units: Iterable[Unit]) -> Iterator[Row]:
    for unit in units:
        series = series_of(unit)
        for each in unit.entries:
            if not each.name.isascii() and not _is_text(each.name):
                raise DataError(
                    f"a manifest must have paths that are text, and '{clean(each.name, 200)}' is "
                    "not; rename it"
                )
            yield each.name, series, each.stamp


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write_csv(rows: Iterator[Row], stream: BinaryIO) -> int:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    text.detach()
    return _checked(count)


def _write_parquet(rows: Iterator[Row], stream: BinaryIO) -> int:
    import polars as pl  # noqa: PLC0415 - optional

    parts = []
    while batch := list(islice(rows, _ROWS)):
        parts.append(pl.DataFrame(batch, schema=dict.fromkeys(COLUMNS, pl.String), orient="row"))
    count = _checked(sum(part.height for part in parts))
    with writing_parquet():
        pl.concat(parts).write_parquet(stream)
    return count


def _checked(count: int) -> int:
    if not count:
        raise DataError("there is nothing to list: no file was found; check the folders")
    return count
