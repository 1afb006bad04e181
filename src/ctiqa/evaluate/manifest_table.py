"""The table of a manifest as audits need it: with all columns, and split into parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.splits import SPLITS
from ctiqa.errors import DataError
from ctiqa.types import Floats

ABSENT = {
    **dict.fromkeys(("patient", "region", "split", "origin", "licence"), pl.lit("not known")),
    **dict.fromkeys(("id", "shard"), pl.int_range(pl.len()).cast(pl.String)),
    "purpose": pl.lit("example"),
    "fold": pl.lit(-1),
    "row": pl.lit(0),
    "raw": pl.col("label"),
}
"""Defaults for columns and values that a manifest lacks."""


def complete(table: pl.DataFrame) -> pl.DataFrame:
    """A manifest with every column of :data:`ABSENT`; labels that are not finite are null.

    Raises:
        DataError: If there is no label at all.
    """
    labels = numbers(table["label"]) if "label" in table.columns else np.empty(0)
    if not np.isfinite(labels).any():
        raise DataError(f"an audit needs labels, got none in {len(table)} rows; prepare again")
    table = table.fill_nan(None).with_columns(
        **{k: v for k, v in ABSENT.items() if k not in table.columns}
    )
    table = table.with_columns(pl.col(name).fill_null(value) for name, value in ABSENT.items())
    finite = pl.col("label", "raw").cast(pl.Float64, strict=False)
    return table.with_columns(pl.when(finite.is_finite()).then(finite))


def parts_of(table: pl.DataFrame, column: str) -> dict[str, pl.DataFrame]:
    """Rows by value of a column; splits in their usual order, all else by name."""
    parts = {str(name): part for (name,), part in table.group_by(column, maintain_order=True)}
    ranks = {name: rank for rank, name in enumerate(SPLITS)}
    return {name: parts[name] for name in sorted(parts, key=lambda n: (ranks.get(n, 9), n))}


def numbers(column: pl.Series) -> Floats:
    """A column as float64; null is NaN."""
    return column.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)


def share(hits: npt.NDArray[np.bool_]) -> float:
    """Share of true values; 0 if empty."""
    return float(hits.mean()) if hits.size else 0.0
