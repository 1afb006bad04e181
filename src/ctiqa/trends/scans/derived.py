"""Columns of a scan that follow from its row alone."""

from __future__ import annotations

import math
from itertools import pairwise

import polars as pl

from ctiqa.recipe.network import FINDINGS
from ctiqa.score.honesty.flags import ARTEFACT, FILTERED, NO_ARTEFACTS, SHARP_KERNEL
from ctiqa.trends.result import Every

ARTEFACTS = tuple(name.replace(" ", "_") for name in FINDINGS if name not in NO_ARTEFACTS)
"""Kinds of artefacts, as in the flags ``artefact:KIND``."""

THICKNESS_MM = (1.0, 2.0, 4.0, 6.0)
"""Borders of the bands of thickness. Noise falls with its root, by up to 1.4 within a band."""

DW_CM = tuple(range(16, 45, 4))
"""Borders of the bands of water-equivalent diameter. 4 cm of water halve what is transmitted."""

TRUNCATED = {"day": "1d", "week": "1w", "month": "1mo"}


def with_derived(frame: pl.DataFrame, every: Every) -> pl.DataFrame:
    """Add scanner, period, bands, and what the flags say.

    Args:
        frame: Rows that count.
        every: Length of the periods; weeks begin on Monday.
    """
    return frame.with_columns(
        scanner=pl.coalesce("station", "model"),
        period=pl.col("study_day").dt.truncate(TRUNCATED[every]),
        kernel_class=_kernel_class(),
        thickness_band=_band(pl.col("slice_thickness_mm"), THICKNESS_MM, "mm"),
        dw_band=_band(pl.col("water_equivalent_diameter_mm") / 10, DW_CM, "cm"),
        filtered=_filtered(),
        **_artefacts(),
    )


def _count(flag: str) -> pl.Expr:
    """Number of slices with a flag, from JSON like ``{"filtered": 3}``."""
    found = pl.col("flags").str.extract(rf'"{flag}"\s*:\s*(\d+)')
    return found.cast(pl.Int64, strict=False).fill_null(0)


def _kernel_class() -> pl.Expr:
    """Whether half of the slices have the noise of a sharp kernel; names of kernels differ."""
    sharp = 2 * _count(SHARP_KERNEL) >= pl.col("n_judged")
    known = pl.col("n_judged") > 0
    kinds = pl.when(sharp).then(pl.lit("sharp")).otherwise(pl.lit("soft"))
    return pl.when(known).then(kinds).otherwise(pl.lit("unknown"))


def _filtered() -> pl.Expr:
    """Whether the scan as a whole has the flag."""
    return pl.col("scan_flags").fill_null("[]").str.contains(f'"{FILTERED}"', literal=True)


def _artefacts() -> dict[str, pl.Expr]:
    """The most frequent artefact, and its share of the slices judged."""
    counts = [_count(ARTEFACT + kind) for kind in ARTEFACTS]
    most = pl.max_horizontal(counts)
    kind = pl.coalesce(
        [
            pl.when((count == most) & (most > 0)).then(pl.lit(name))
            for name, count in zip(ARTEFACTS, counts, strict=True)
        ]
    )
    share = most / pl.col("n_judged").clip(1)
    return {"artefact": kind, "artefact_share": share.clip(0, 1)}


def _band(values: pl.Expr, borders: tuple[float, ...], unit: str) -> pl.Expr:
    """Names of bands: ``< 1 mm``, ``1–2 mm``, …, ``unknown``; lower borders belong to them."""
    ends = (-math.inf, *borders, math.inf)
    named = pl.lit("unknown")
    for low, high in pairwise(ends):
        inside = (values >= low) & (values < high)
        named = pl.when(inside).then(pl.lit(_band_name(low, high, unit))).otherwise(named)
    return named


def _band_name(low: float, high: float, unit: str) -> str:
    if math.isinf(low):
        return f"< {high:g} {unit}"
    return f"≥ {low:g} {unit}" if math.isinf(high) else f"{low:g}–{high:g} {unit}"
