"""A scan as the rows of the tables show it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from ctiqa.clinic.records.notes import Notes, ScanName
from ctiqa.score.honesty.flags import SHARP_KERNEL
from ctiqa.score.report.facts import format_interval
from ctiqa.score.report.page.charts import across
from ctiqa.score.report.rounding import shown
from ctiqa.score.verdict import word
from ctiqa.trends.page.outliers import without_scan
from ctiqa.trends.result import Outlier
from ctiqa.web.pages.parts.words import measure, scan_address

COLUMNS = (
    ("protocol", "Protocol", ""),
    ("scanner", "Scanner", ""),
    ("region", "Region", ""),
    ("score", "Score", "0–4, 90 % interval"),
    ("noise", "Equivalent noise", ""),
    ("dose", "CTDIvol", ""),
    ("day", "Study", ""),
    ("stored", "Scored", ""),
)
"""Columns of a table of scans: key to sort by, title, unit."""

SCANNER = pl.coalesce("station", "model")
"""What a scanner is called: its station, or else its model."""


@dataclass(frozen=True, slots=True)
class ScanRow:
    """A scan as a table shows it.

    Attributes:
        scan: Name in the store, by which notes refer to it.
        address: Address of its page.
        protocol: Protocol, or ``None``.
        scanner: Station or model, or ``None``.
        kernel: Kernel, or ``None``.
        region: What it shows, or ``None``.
        score: Score as printed; ``None`` if it has none.
        word: Word of the score; empty with a sharp kernel.
        interval: 90 % interval as printed; may be empty.
        place: Place of the score on its scale, in per cent.
        span: Left end and width of the interval on the scale, in per cent; ``None`` if unknown.
        noise: Equivalent noise as printed.
        dose: CTDIvol as printed.
        day: Day of the study, or ``None``.
        stored: When the result was stored.
        flags: Codes of the scan.
        outlier: What is unusual; empty for a usual scan.
        explained: Whether a reviewer has explained it.
    """

    scan: ScanName
    address: str
    protocol: str | None
    scanner: str | None
    kernel: str | None
    region: str | None
    score: str | None
    word: str
    interval: str
    place: float
    span: tuple[float, float] | None
    noise: str
    dose: str
    day: date | None
    stored: datetime
    flags: tuple[str, ...]
    outlier: str = ""
    explained: bool = False


def scan_rows(
    frame: pl.DataFrame, notes: Notes, outliers: Mapping[ScanName, Outlier] | None = None
) -> list[ScanRow]:
    """The rows of a frame, with what reviewers said of them.

    Args:
        frame: Rows of :attr:`ctiqa.web.reading.view.ScanView.frame`; as many as a page has.
        notes: Notes of the store.
        outliers: Outliers by the name of the scan in the store.
    """
    named = frame.to_dicts()
    explained = explained_scans(notes, [(row["series_uid"], row["content"]) for row in named])
    return [scan_row(row, outliers or {}, explained) for row in named]


def explained_scans(notes: Notes, scans: Collection[ScanName]) -> set[ScanName]:
    """Those of the scans whose latest note explains them; for as many as a page has."""
    return {scan for scan, note in notes.latest(scans).items() if note.is_explained}


def scan_row(
    row: Mapping[str, Any],
    outliers: Mapping[ScanName, Outlier] | None = None,
    explained: Collection[ScanName] = (),
) -> ScanRow:
    """One row of the frame of a viewer."""
    scan = row["series_uid"], row["content"]
    odd = (outliers or {}).get(scan)
    flags = flags_of(row)
    score = known(row["score"])
    low, high = known(row["low"]), known(row["high"])
    interval = None if low is None or high is None else (low, high)
    return ScanRow(
        scan=scan,
        address=scan_address(row["scan"]),
        protocol=row["protocol"],
        scanner=row["station"] or row["model"],
        kernel=row["kernel"],
        region=row["region"],
        score=None if score is None else shown(score),
        word="" if score is None or SHARP_KERNEL in flags else word(score),
        interval=format_interval(interval),
        place=0.0 if score is None else across(score),
        span=interval
        and (across(interval[0]), round(across(interval[1]) - across(interval[0]), 2)),
        noise=measure(row["equivalent_noise_hu"], "HU"),
        dose=measure(row["ctdivol_mgy"], "mGy"),
        day=row["study_day"],
        stored=row["stored"],
        flags=flags,
        outlier="" if odd is None else without_scan(odd),
        explained=scan in explained,
    )


def flags_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Flags of a scan; none where an older version of ctiqa stored it."""
    return tuple(json.loads(row["scan_flags"] or "[]") or ())


def known(value: float | None) -> float | None:
    """A number, or ``None`` for NaN.

    >>> known(math.nan), known(2.0)
    (None, 2.0)
    """
    return None if value is None or math.isnan(value) else value


def texts_of(frame: pl.DataFrame, expression: pl.Expr, most: int) -> list[str]:
    """The most frequent texts, in order of the alphabet."""
    counts = frame.select(expression.alias("text")).drop_nulls()["text"].value_counts(sort=True)
    return sorted(counts["text"].head(most), key=str.casefold)


def counted(frame: pl.DataFrame, expression: pl.Expr) -> Iterable[tuple[str | None, int]]:
    """Texts with their numbers of scans, the most frequent first."""
    groups = frame.group_by(expression.alias("text")).len()
    return groups.sort("len", "text", descending=[True, False]).iter_rows()
