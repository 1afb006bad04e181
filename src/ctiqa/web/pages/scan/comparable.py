"""Where a scan stands among comparable ones, with a strip plot of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ctiqa.trends.page.outliers import comparable_text
from ctiqa.trends.page.scatter import evenly
from ctiqa.trends.page.words import number
from ctiqa.trends.result import Trends
from ctiqa.trends.scans.comparable import COMPARABLE

MOST_DOTS = 150
"""Comparable scans that are drawn, evenly over their order."""

MARGIN = 1.05
"""Factor between the outermost value and the end of the axis, which is logarithmic."""

NOISE = "equivalent_noise_hu"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a scan stands among comparable ones.

    Attributes:
        percentile: Share of the comparable scans with less noise, in %; ``None`` for too few.
        score_percentile: Share with a lower score, in %; ``None`` for too few.
        n: Number of comparable scans, this one included.
        text: What they have in common.
        noise_ratio: Equivalent noise over the usual one, or ``None``.
        dose_ratio: CTDIvol over the usual one, or ``None``.
        dots: Places of comparable scans on the axis of noise, in per cent.
        place: Place of this one, or ``None``.
        ends: Both ends of the axis in HU, as texts.
    """

    percentile: float | None
    score_percentile: float | None
    n: int
    text: str
    noise_ratio: float | None
    dose_ratio: float | None
    dots: tuple[float, ...]
    place: float | None
    ends: tuple[str, str]


def standing(trends: Trends, row: Mapping[str, Any]) -> Standing | None:
    """Where a scan stands; ``None`` if it is not among those that the trends compare.

    Args:
        trends: Trends of the scans that the viewer sees.
        row: Row of the scan.
    """
    if row["model_digest"] != trends.model_digest:
        return None
    scans = trends.scans
    mine = scans.filter(
        (pl.col("series_uid") == row["series_uid"]) & (pl.col("content") == row["content"])
    )
    if mine.is_empty():
        return None
    own = mine.row(0, named=True)
    alike = scans.filter(*(pl.col(name).eq_missing(pl.lit(own[name])) for name in COMPARABLE))
    noises = alike[NOISE].drop_nulls().sort().to_list()
    low, high = (noises[0] / MARGIN, noises[-1] * MARGIN) if noises else (1.0, 10.0)
    return Standing(
        percentile=own["percentile"],
        score_percentile=own["score_percentile"],
        n=own["n_comparable"] or 0,
        text=comparable_text(own),
        noise_ratio=own["noise_ratio"],
        dose_ratio=own["dose_ratio"],
        dots=tuple(_place(noises[at], low, high) for at in evenly(len(noises), MOST_DOTS)),
        place=None if own[NOISE] is None else _place(own[NOISE], low, high),
        ends=(number(low), number(high)),
    )


def _place(value: float, low: float, high: float) -> float:
    """Place on a logarithmic axis, in per cent."""
    return round(100 * math.log(value / low) / math.log(high / low), 2)
