"""Distributions by protocol, scanner and kernel."""

from __future__ import annotations

from typing import Any

import polars as pl

from ctiqa.trends.columns import DISTRIBUTED
from ctiqa.trends.result import Distribution, ScanGroup

GROUPED_BY = ("protocol", "scanner", "kernel")

ARTEFACT_SHARE = 0.25
"""Share of slices with an artefact from which it counts for a scan: one slice in fifty may be
mistaken, and metal in a few slices is usual."""

_QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def scan_groups(frame: pl.DataFrame) -> tuple[ScanGroup, ...]:
    """Groups of scans, the largest first.

    Args:
        frame: Scans with derived columns.
    """
    table = (
        frame.group_by(GROUPED_BY)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("filtered").sum().cast(pl.Int64).alias("n_filtered"),
            (pl.col("artefact_share") >= ARTEFACT_SHARE).sum().cast(pl.Int64).alias("n_artefact"),
            *(quantile for name in DISTRIBUTED for quantile in _quantiles(name)),
        )
        .sort("n", *GROUPED_BY, descending=[True, False, False, False], nulls_last=True)
    )
    return tuple(_group(row) for row in table.iter_rows(named=True))


def _quantiles(name: str) -> list[pl.Expr]:
    """Count and quantiles; those of whole scans, as interpolating to infinity gives NaN."""
    values = pl.col(name)
    quantiles = [
        values.quantile(share, "nearest").alias(f"{name}_{quantile}")
        for quantile, share in _QUANTILES.items()
    ]
    return [values.count().cast(pl.Int64).alias(f"{name}_n"), *quantiles]


def _group(row: dict[str, Any]) -> ScanGroup:
    facts = {name: row[name] for name in (*GROUPED_BY, "n", "n_filtered", "n_artefact")}
    return ScanGroup(
        **facts, distributions={name: _distribution(row, name) for name in DISTRIBUTED}
    )


def _distribution(row: dict[str, Any], name: str) -> Distribution | None:
    n = row[f"{name}_n"]
    if not n:
        return None
    return Distribution(n, **{each: row[f"{name}_{each}"] for each in _QUANTILES})
