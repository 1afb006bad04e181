"""Trends of the scans of a store."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, get_args

import polars as pl

from ctiqa.errors import UsageError
from ctiqa.trends.columns import SCAN_COLUMNS
from ctiqa.trends.control.alarms import events
from ctiqa.trends.control.charts import LEAST_CHART, control_charts
from ctiqa.trends.control.measures import CHARTED
from ctiqa.trends.groups import scan_groups
from ctiqa.trends.lines import dose_lines
from ctiqa.trends.outliers import outliers
from ctiqa.trends.result import Every, Trends
from ctiqa.trends.scans.comparable import with_percentiles
from ctiqa.trends.scans.derived import with_derived
from ctiqa.trends.scans.selection import check_frame, counting
from ctiqa.trends.scans.usual import with_usual

if TYPE_CHECKING:
    from ctiqa.store import Store

LEAST_FIRST_DAYS = 2
"""Different days that are all the first of a month from which a frame is one of months."""


def trends(
    source: Store | pl.DataFrame,
    *,
    every: Every = "week",
    baseline: tuple[date, date] | None = None,
    false_alarms_per_year: float = 1.0,
) -> Trends:
    """Trends of quality and dose: groups, control charts, dose lines, outliers, percentiles.

    How everything is computed, with sources, is in ``docs/trends.md``.

    Args:
        source: A store, or its frame of scans, also filtered.
        every: Length of the periods. A store that keeps only months has courses by month.
        baseline: First and last day of the baseline of all control charts; ``None`` for the
            beginning of each course.
        false_alarms_per_year: How many alarms a year without any change may have, over all charts
            together; limits are the wider, the less and the more charts.

    Returns:
        The trends.

    Raises:
        UsageError: If an argument is out of range, or the frame has not the columns of a store.
        OutputError: If the store cannot be read.

    >>> from datetime import datetime, timedelta, UTC
    >>> from ctiqa.store import open_store
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open_store(Path(folder, "ct.sqlite")) as store:
    ...         columns = store.scans().schema
    >>> noise = [20.0, 21.0, 19.0, 20.5, 19.5, 20.2, 19.8, 20.0, 20.4, 40.0]
    >>> frame = pl.DataFrame(
    ...     {
    ...         "series_uid": [f"1.2.{i}" for i in range(10)],
    ...         "content": [f"c{i}" for i in range(10)],
    ...         "model_digest": "m", "scored_by": "ctiqa-s4 1", "stored": datetime.now(UTC),
    ...         "study_day": [date(2026, 3, 2) + timedelta(i) for i in range(10)],
    ...         "protocol": "Abdomen", "station": "CT1", "region": "abdomen", "kernel": "Br40",
    ...         "equivalent_noise_hu": noise, "n_judged": 60, "n_unjudged": 0, "flags": "{}",
    ...     }
    ... )
    >>> rest = [name for name in columns if name not in frame.columns]
    >>> found = trends(frame.with_columns(pl.lit(None, columns[name]).alias(name) for name in rest))
    >>> found.n, found.groups[0].label, found.groups[0].distributions["equivalent_noise_hu"].p50
    (10, 'Abdomen · CT1 · Br40', 20.2)
    >>> [each.reasons for each in found.outliers], found.scans["percentile"][9]
    ([('noise',)], 95.0)
    """
    _check(every, baseline, false_alarms_per_year)
    store = None if isinstance(source, pl.DataFrame) or not hasattr(source, "scans") else source
    frame = check_frame(source if store is None else store.scans())
    frame, left_out = counting(frame)
    notes = []
    if every != "month" and (store.dates == "month" if store else _are_months(frame)):
        every = "month"
        notes.append("the store keeps the month of a study only, so courses are by month")
    scans = with_usual(with_percentiles(with_derived(frame, every)))
    scans = scans.sort("study_day", "series_uid", nulls_last=True)
    charts = control_charts(scans, every, baseline, false_alarms_per_year)
    order = [measure.name for measure in CHARTED]
    first, last = scans["study_day"].min(), scans["study_day"].max()
    return Trends(
        store=None,
        model=_newest(scans, "scored_by"),
        model_digest=_newest(scans, "model_digest"),
        every=every,
        first=first if isinstance(first, date) else None,
        last=last if isinstance(last, date) else None,
        n=scans.height,
        n_without_day=scans["study_day"].null_count(),
        left_out=left_out,
        groups=scan_groups(scans),
        charts=charts,
        alarms=events([alarm for chart in charts for alarm in chart.alarms], order),
        dose_lines=dose_lines(scans),
        outliers=outliers(scans),
        false_alarms_per_year=false_alarms_per_year,
        notes=(*notes, *_notes(scans)),
        scans=scans.select(SCAN_COLUMNS),
    )


def _check(every: str, baseline: tuple[date, date] | None, rate: float) -> None:
    if every not in get_args(Every):
        raise UsageError(f"'every' must be one of {', '.join(get_args(Every))}, got {every!r}")
    if baseline is not None and baseline[0] > baseline[1]:
        raise UsageError(
            f"'baseline' must begin before it ends, got {baseline[0]} to {baseline[1]}"
        )
    if not 0 < rate <= 365:
        raise UsageError(f"'false_alarms_per_year' must be > 0 and at most 365, got {rate:g}")


def _are_months(frame: pl.DataFrame) -> bool:
    """Whether all days are the first of a month."""
    days = frame["study_day"].drop_nulls().unique()
    return days.len() >= LEAST_FIRST_DAYS and bool((days.dt.day() == 1).all())


def _newest(frame: pl.DataFrame, name: str) -> str | None:
    return frame[name][0] if frame.height else None


def _notes(scans: pl.DataFrame) -> list[str]:
    """What to keep in mind about all scans."""
    notes = []
    if without := scans["study_day"].null_count():
        has, is_in = ("has", "is in") if without == 1 else ("have", "are in")
        notes.append(f"{without} of {scans.height} scans {has} no day and {is_in} no course")
    sizes = scans.group_by("protocol", "scanner").agg(pl.col("study_day").count())["study_day"]
    if small := int((sizes < LEAST_CHART).sum()):
        notes.append(
            f"no course for {small} of {sizes.len()} pairs of protocol and scanner, which have "
            f"fewer than {LEAST_CHART} scans with a day"
        )
    return notes
