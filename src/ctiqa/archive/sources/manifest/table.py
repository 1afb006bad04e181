"""The rows of a manifest as a frame: read, checked and grouped into units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctiqa.archive.sources.manifest.csv_text import as_utf8, separator_of
from ctiqa.errors import DataError, UsageError, some
from ctiqa.system.extras import require_extra
from ctiqa.text.plain_text import clean

COLUMNS = ("path", "series", "stamp")

PARQUET_MAGIC = b"PAR1"

_IS_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://"

_IS_ALONE = r"(?i)^(?:dicomweb\+)?https?://|\.zip$"
"""URLs that are units of their own: a series of a DICOMweb server, a ZIP archive."""

_SERIES, _ALONE, _FOLDER = range(3)
"""Kinds of units: rows with one series, a URL of its own, URLs of one folder."""


def check_file(file: Path) -> None:
    """Check that a manifest is a file, and that it can be read here.

    Raises:
        UsageError: If it is not, or an extra is missing.
    """
    require_extra("a manifest", "polars", extra="clinic")
    if file.is_dir():
        raise UsageError(f"the manifest '{clean(str(file))}' must be a file, and is a folder")
    if not file.is_file():
        raise UsageError(f"the manifest '{clean(str(file))}' does not exist; check the path")


def read_table(file: Path) -> Any:
    """Read a manifest.

    Args:
        file: CSV or Parquet; which of them is seen from its content.

    Returns:
        A polars frame with the columns ``path``, ``series``, ``stamp`` (text, null where the
        manifest says nothing), ``kind`` (null for local files without a series) and ``unit``:
        rows of one unit have equal kinds and units. Sorted by ``kind``, ``unit`` and ``path``.

    Raises:
        DataError: If it cannot be read, the column ``path`` is missing, or rows contradict each
            other.
    """
    try:
        with file.open("rb") as stream:
            is_parquet = stream.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
        frame = _read_parquet(file) if is_parquet else _read_csv(file)
    except OSError as error:
        raise DataError(
            f"the manifest '{clean(str(file))}' must be readable ({error.strerror or error})"
        ) from error
    frame = _without_blank(frame)
    _check_rows(frame, file)
    frame = _without_copies(frame, file)
    return _with_units(frame.drop("row")).sort("kind", "unit", "path")


def _read_parquet(file: Path) -> Any:
    import polars as pl  # noqa: PLC0415 - optional

    try:
        names = _names(list(pl.read_parquet_schema(file)), file)
        frame = pl.read_parquet(file, columns=list(names.values()))
        return _texts(frame, names)
    except pl.exceptions.PolarsError as error:
        raise _unreadable(file, error) from error


def _read_csv(file: Path) -> Any:
    import polars as pl  # noqa: PLC0415 - optional

    if not file.stat().st_size:
        raise DataError(f"the manifest '{clean(str(file))}' is empty; it must have a column 'path'")
    with as_utf8(file) as text:
        separator = separator_of(text, COLUMNS[0])
        try:
            head = pl.read_csv(text, separator=separator, infer_schema=False, n_rows=0)
            names = _names(head.columns, file)
            frame = pl.read_csv(
                text, separator=separator, infer_schema=False, columns=list(names.values())
            )
        except pl.exceptions.PolarsError as error:
            raise _unreadable(file, error) from error
    return _texts(frame, names)


def _names(found: list[str], file: Path) -> dict[str, str]:
    """What the file calls the columns that are needed, by their names here."""
    known: dict[str, str] = {}
    for name in found:
        plain = name.strip().lower()
        if plain in COLUMNS:
            known.setdefault(plain, name)
    if COLUMNS[0] not in known:
        listed = some(clean(name, 40) or "''" for name in found) or "none"
        raise DataError(
            f"the manifest '{clean(str(file))}' must have a column 'path' with paths or URLs, and "
            f"has {listed}; rename one, or write the names of the columns into the first line"
        )
    return known


def _texts(frame: Any, names: dict[str, str]) -> Any:
    """The columns as text, with the number of the row; the names of the columns are row 1."""
    import polars as pl  # noqa: PLC0415 - optional

    texts = []
    for column in COLUMNS:
        source = pl.col(names[column]) if column in names else pl.lit(None)
        text = source.cast(pl.String)
        texts.append(pl.when(text.str.strip_chars() != "").then(text).alias(column))
    return frame.with_row_index("row", offset=2).select("row", *texts)


def _without_blank(frame: Any) -> Any:
    """Without lines in which nothing is written, as spreadsheets leave them at the end."""
    import polars as pl  # noqa: PLC0415 - optional

    return frame.filter(~pl.all_horizontal(pl.col(*COLUMNS).is_null()))


def _check_rows(frame: Any, file: Path) -> None:
    import polars as pl  # noqa: PLC0415 - optional

    name = clean(str(file))
    if frame.is_empty():
        raise DataError(f"the manifest '{name}' has no rows; list at least one path")
    rows = frame.filter(pl.col("path").is_null())["row"]
    if len(rows):
        raise DataError(
            f"the manifest '{name}' must have a path in every row, and has none in row "
            f"{some(rows)}; remove these rows or fill them in"
        )
    rows = frame.filter(pl.col("path").str.contains("\0", literal=True))["row"]
    if len(rows):
        raise DataError(f"the manifest '{name}' has a zero byte in the path of row {some(rows)}")


def _without_copies(frame: Any, file: Path) -> Any:
    """Without rows that are there twice; only rows whose paths have equal hashes are compared."""
    import polars as pl  # noqa: PLC0415 - optional

    is_suspect = frame["path"].hash().is_duplicated()
    if not is_suspect.any():
        return frame
    different = frame.filter(is_suspect).unique(COLUMNS, keep="first", maintain_order=True)
    rows = different.filter(pl.col("path").is_duplicated())["row"]
    if len(rows):
        raise DataError(
            f"the manifest '{clean(str(file))}' must list a path with one series and one stamp, "
            f"and lists it with several in rows {some(rows)}; keep one of these rows"
        )
    return pl.concat([frame.filter(~is_suspect), different])


def _with_units(frame: Any) -> Any:
    import polars as pl  # noqa: PLC0415 - optional

    path, series = pl.col("path"), pl.col("series")
    kind = (
        pl.when(series.is_not_null())
        .then(_SERIES)
        .when(~path.str.contains(_IS_URL))
        .then(None)
        .when(path.str.contains(_IS_ALONE))
        .then(_ALONE)
        .otherwise(_FOLDER)
    )
    unit = (
        pl.when(pl.col("kind") == _SERIES)
        .then(series)
        .when(pl.col("kind") == _ALONE)
        .then(path)
        .when(pl.col("kind") == _FOLDER)
        .then(path.str.replace(r"/[^/]*$", ""))
    )
    return frame.with_columns(kind=kind.cast(pl.UInt8)).with_columns(unit=unit)


def _unreadable(file: Path, error: Exception) -> DataError:
    why = clean(str(error).partition("\n")[0], 160)
    return DataError(
        f"the manifest '{clean(str(file))}' must be a CSV or Parquet file, and cannot be read as "
        f"one ({why}); put texts with separators into quotation marks, or write it anew"
    )
