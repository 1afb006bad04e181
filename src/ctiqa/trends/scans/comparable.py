"""Where a scan stands among comparable ones."""

from __future__ import annotations

import polars as pl

COMPARABLE = ("region", "kernel_class", "thickness_band", "dw_band")
"""Scans are comparable if these are equal; an unknown value is a value of its own."""

LEAST_COMPARABLE = 10
"""Fewest comparable scans for a percentile: of ten, one is 10 %."""


def with_percentiles(frame: pl.DataFrame) -> pl.DataFrame:
    """Add percentiles of equivalent noise and score, and the number of comparable scans.

    The percentile is the share of the comparable scans that have less, the scan itself and equal
    ones counted by half, so that the median is 50 %.
    """
    return frame.with_columns(
        percentile=_percentile("equivalent_noise_hu"),
        score_percentile=_percentile("score"),
        n_comparable=pl.col("equivalent_noise_hu").count().over(COMPARABLE).cast(pl.Int64),
    )


def _percentile(name: str) -> pl.Expr:
    known = pl.col(name).count().over(COMPARABLE)
    share = 100 * (pl.col(name).rank("average").over(COMPARABLE) - 0.5) / known
    return pl.when(known >= LEAST_COMPARABLE).then(share)
