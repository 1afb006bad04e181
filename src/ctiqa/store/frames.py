"""Tables of a store as frames of polars or pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    Double,
    Integer,
    String,
    cast,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.sql import ColumnElement, Select

from ctiqa.errors import UsageError
from ctiqa.store.database.tables import Utc, models, runs, scans, skipped, slices
from ctiqa.system.extras import is_installed, require_extra

FrameKind = Literal["polars", "pandas"]

Query = Select[Any]

INTERNAL = ("id",)
"""Columns that mean nothing outside the database."""


def frame_of(connection: Connection, query: Query, kind: FrameKind) -> Any:
    """The rows of a query as a frame, with one type per column, also if it is empty.

    Raises:
        UsageError: If the library is unknown or not installed.
    """
    _require(kind)
    columns = list(query.selected_columns)
    rows = connection.execute(query).all()
    values: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(columns)
    named = zip(columns, values, strict=True)
    return _polars(named) if kind == "polars" else _pandas(named)


def scans_query() -> Query:
    """All scans: by day, then in the order of their keys.

    The last one stored of a series, by the same model and with the same options, is ``current``.
    """
    columns: list[ColumnElement[Any]] = [
        cast(column, String).label(column.name) if isinstance(column.type, JSON) else column
        for column in scans.c
        if column.name not in INTERNAL
    ]
    result = (scans.c.series_uid, scans.c.model_digest, scans.c.options_digest)
    newest = func.max(scans.c.id).over(partition_by=result)
    current = type_coerce(scans.c.id == newest, Boolean).label("current")
    title = models.c.title.label("scored_by")
    query = select(*columns, title, current).join_from(scans, models)
    key = (scans.c.series_uid, scans.c.content, scans.c.model_digest, scans.c.options_digest)
    return query.order_by(scans.c.study_day.nulls_last(), *key)


def slices_query(uids: Sequence[str]) -> Query:
    """Slices along z, with the key of their scan.

    Args:
        uids: Series; none stands for all.
    """
    key = (scans.c.series_uid, scans.c.content, scans.c.model_digest, scans.c.options_digest)
    columns = [column for column in slices.c if column.name != "scan"]
    query = select(*key, *columns).join_from(slices, scans).order_by(*key, slices.c.number)
    return query.where(or_(*(scans.c.series_uid == uid for uid in uids))) if uids else query


def skipped_query() -> Query:
    """Inputs that were not scored."""
    return select(skipped).order_by(skipped.c.reason, skipped.c.input)


def runs_query() -> Query:
    """Runs, with the numbers of scans and skipped inputs that each has stored."""
    query, counts = select(runs).order_by(runs.c.started, runs.c.id), []
    for table in (scans, skipped):
        count = select(table.c.run, func.count().label("n")).group_by(table.c.run).subquery()
        counts.append(func.coalesce(count.c.n, 0).label(table.name))
        query = query.outerjoin(count, count.c.run == runs.c.id)
    return query.add_columns(*counts)


def _require(kind: str) -> None:
    if kind == "polars":
        require_extra("a table of a store", "polars", extra="clinic")
    elif kind != "pandas":
        raise UsageError(f"'kind' must be polars or pandas, got {kind!r}")
    elif not is_installed("pandas"):
        raise UsageError(
            "a table for pandas needs pandas, which is not installed; install it with: "
            "pip install 'pandas', or leave out 'kind' for a table of polars"
        )


def _polars(columns: Any) -> Any:
    import polars  # noqa: PLC0415 - optional

    kinds = {
        Utc: polars.Datetime("us", "UTC"),
        Date: polars.Date,
        Double: polars.Float64,
        Integer: polars.Int64,
        Boolean: polars.Boolean,
    }
    series = [
        polars.Series(column.name, values, _kind(column, kinds, polars.String))
        for column, values in columns
    ]
    return polars.DataFrame(series)


def _pandas(columns: Any) -> Any:
    import pandas  # noqa: PLC0415 - optional

    times = {Utc: "datetime64[us, UTC]", Date: "datetime64[us]"}
    kinds = {**times, Double: float, Integer: int, Boolean: bool}
    return pandas.DataFrame(
        {
            column.name: pandas.Series(list(values), dtype=_kind(column, kinds, object))
            for column, values in columns
        }
    )


def _kind(column: ColumnElement[Any], kinds: dict[type, Any], other: Any) -> Any:
    """Type of a column in a frame."""
    for sql, kind in kinds.items():
        if isinstance(column.type, sql):
            return kind
    return other
