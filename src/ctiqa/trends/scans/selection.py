"""Which rows of a store count: one of each series, of one model, with a score."""

from __future__ import annotations

import polars as pl

from ctiqa.errors import UsageError
from ctiqa.trends.columns import DERIVED_COLUMNS, SCAN_COLUMNS
from ctiqa.trends.result import Omission

NEEDED = (
    *(name for name in SCAN_COLUMNS if name not in DERIVED_COLUMNS),
    "model_digest",
    "stored",
    "scored_by",
)
"""Columns that a frame must have."""

POSITIVE = ("equivalent_noise_hu", "ctdivol_mgy", "ssde_mgy", "slice_thickness_mm")
"""Columns whose logarithms are taken; other values are unknown."""


def check_frame(frame: object) -> pl.DataFrame:
    """The frame itself, with unknown numbers as nulls.

    Raises:
        UsageError: If it is no polars frame, or columns are missing.
    """
    if not isinstance(frame, pl.DataFrame):
        raise UsageError(
            "trends need a store or a polars frame such as store.scans(), "
            f"got {type(frame).__name__}"
        )
    if missing := [name for name in NEEDED if name not in frame.columns]:
        raise UsageError(
            f"the frame lacks the column(s) {', '.join(missing)}; pass store.scans() as it is"
        )
    numbers = pl.selectors.float()
    known = [pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in POSITIVE]
    return frame.with_columns(numbers.fill_nan(None)).with_columns(known)


def counting(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Omission, ...]]:
    """The rows that count, and what was left out.

    Left out are, in this order: content of a series that was replaced since; scans that another
    model scored than the one that scored last, because scores of different models are not
    comparable; series that were stored again, with other options; copies of another series;
    scans without a score.

    Args:
        frame: Rows of a store, as :func:`check_frame` returns them.
    """
    omissions: list[Omission] = []
    for reason, is_left_out in _rules(frame):
        rows = frame.select(is_left_out.fill_null(value=False)).to_series()
        if count := int(rows.sum()):
            omissions.append(Omission(reason, count))
            frame = frame.filter(~rows)
    return frame, tuple(omissions)


def _rules(frame: pl.DataFrame) -> list[tuple[str, pl.Expr]]:
    """Reasons, and the rows that they hold for."""
    rules = []
    if "current" in frame.columns:
        rules.append(("an older version of a series that has changed", ~pl.col("current")))
        frame = frame.filter(pl.col("current").fill_null(value=True))
    newest = frame.sort("stored").tail(1)["model_digest"].to_list()
    others = frame.filter(~pl.col("model_digest").is_in(newest))
    for digest, name in others.select("model_digest", "scored_by").unique().sort(pl.all()).rows():
        rules.append((f"scored by another model ({name})", pl.col("model_digest") == digest))
    last = pl.struct("stored", "content").rank("ordinal", descending=True).over("series_uid") == 1
    rules.append(("the same series, stored again with other options", ~last))
    first = pl.col("series_uid").rank("ordinal").over("content") == 1
    rules.append(("a copy of another series under another UID", ~first))
    scored = pl.col("score").is_not_null() | pl.col("equivalent_noise_hu").is_not_null()
    rules.append(("no slice has a score", ~scored))
    return rules
