"""The scans of trends as tables, one row each."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any

from ctiqa.score.report.as_table import TableCell, rows_as_csv
from ctiqa.text.plain_text import clean
from ctiqa.trends.result import Trends

if TYPE_CHECKING:
    import polars

DIGITS = 6
"""Decimals of numbers in CSV."""


def scans_as_csv(trends: Trends) -> bytes:
    """One row per scan as UTF-8 CSV with a header line; unknown values are empty cells.

    A dose reserve may be ``inf``: no dose would do. Texts that a spreadsheet would run as a
    formula are prefixed with an apostrophe.
    """
    scans = _clean(trends.scans)
    rows = (
        {name: _cell(value) for name, value in row.items()} for row in scans.iter_rows(named=True)
    )
    return rows_as_csv(rows, scans.columns)


def scans_as_parquet(trends: Trends) -> bytes:
    """One row per scan as Parquet, with types and all digits."""
    buffer = io.BytesIO()
    _clean(trends.scans).write_parquet(buffer)
    return buffer.getvalue()


def _clean(scans: polars.DataFrame) -> polars.DataFrame:
    """The frame with clean texts; each different text is cleaned once."""
    import polars as pl  # noqa: PLC0415 - optional

    columns = []
    for column in scans.select(pl.selectors.string()):
        texts = column.drop_nulls().unique().to_list()
        cleaned = {text: clean(text) for text in texts if not text.isprintable()}
        columns.append(column.replace(cleaned) if cleaned else column)
    return scans.with_columns(columns)


def _cell(value: Any) -> TableCell:
    if isinstance(value, float):
        return round(value, DIGITS)
    return value.isoformat() if isinstance(value, date) else value
