"""Control charts of all protocols and scanners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from ctiqa.trends.control.alarms import Judged, Key, alarms_of
from ctiqa.trends.control.baseline import Days, period_ends
from ctiqa.trends.control.limits import course_of, tail_of, without_odd
from ctiqa.trends.control.measures import CHARTED, Charted
from ctiqa.trends.control.periods import Labels
from ctiqa.trends.control.preparing import Prepared, Raw, prepared
from ctiqa.trends.control.spread import Flags, spread_of
from ctiqa.trends.result import Baseline, ChartedMeasure, ControlChart, Every, Point
from ctiqa.trends.robust import mad_scale
from ctiqa.trends.scans.partition import rows_by
from ctiqa.types import Floats

LEAST_CHART = 20
"""Fewest scans with a day for a course; of fewer, no limits could be computed."""

Charts = Mapping[ChartedMeasure, Prepared]


def control_charts(
    frame: pl.DataFrame, every: Every, stated: tuple[date, date] | None, rate: float
) -> tuple[ControlChart, ...]:
    """Control charts of every protocol and scanner with enough scans, the largest first.

    Args:
        frame: Scans with derived columns.
        every: Length of the periods.
        stated: First and last day of the baseline; ``None`` for the beginning of each course.
        rate: False alarms a year over all charts.
    """
    columns = _columns(frame)
    parts = {
        (key[0], key[1]): rows
        for key, rows in rows_by(frame, ("protocol", "scanner"))
        if columns.has_day[rows].sum() >= LEAST_CHART
    }
    found = {key: _prepared(columns, rows, every, stated) for key, rows in parts.items()}
    limited = sum(each.baseline.any() for charts in found.values() for each in charts.values())
    tail = tail_of(rate, int(limited), every)
    return tuple(
        chart
        for key, charts in found.items()
        for chart in _finished(
            key, charts, every=every, stated=stated is not None, tail=tail, n=parts[key].size
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """What charts are computed from, [scans]; NaN where a number is unknown."""

    has_day: Flags
    days: Days
    cells: Labels
    sizes_cm: Floats
    values: Mapping[Charted, Floats]


def _columns(frame: pl.DataFrame) -> _Columns:
    known = pl.col("protocol").is_not_null()
    region = pl.when(~known).then("region")
    cells = pl.struct("kernel", "slice_thickness_mm", region).rank("dense") - 1
    sizes = pl.col("water_equivalent_diameter_mm") / 10
    return _Columns(
        has_day=frame["period"].is_not_null().to_numpy(),
        days=frame["period"].to_numpy(),
        cells=frame.select(cells).to_series().to_numpy().astype(np.intp),
        sizes_cm=_numbers(frame.select(sizes).to_series()),
        values={measure: _compared(frame, measure) for measure in CHARTED},
    )


def _compared(frame: pl.DataFrame, measure: Charted) -> Floats:
    """Values on the scale of comparison."""
    values = _numbers(frame[measure.column])
    return np.log(values) if measure.logarithmic else values


def _numbers(values: pl.Series) -> Floats:
    found: Floats = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return found


def _prepared(
    columns: _Columns, rows: Labels, every: Every, stated: tuple[date, date] | None
) -> Charts:
    """What the charts of one protocol and scanner are computed from."""
    charts: dict[ChartedMeasure, Prepared] = {}
    for measure, values in columns.values.items():
        known = rows[columns.has_day[rows] & np.isfinite(values[rows])]
        if known.size:
            cells = np.unique(columns.cells[known], return_inverse=True)[1]
            raw = Raw(columns.days[known], cells, columns.sizes_cm[known], values[known])
            charts[measure.name] = prepared(raw, measure, every, stated)
    return charts


def _finished(
    key: Key, charts: Charts, *, every: Every, stated: bool, tail: float, n: int
) -> Iterator[ControlChart]:
    judged = {name: _judged(each, tail) for name, each in charts.items() if each.baseline.any()}
    for name, each in charts.items():
        chart = judged.get(name)
        yield ControlChart(
            protocol=key[0],
            scanner=key[1],
            measure=name,
            unit=each.measure.unit,
            every=every,
            n=int(each.periods.n.sum()),
            n_other=n - int(each.periods.n.sum()),
            centre=_centre(each, chart),
            scatter=mad_scale(each.periods.deviations) if chart is None else chart.spread.within,
            size_slope=each.size_slope,
            baseline=None if chart is None else _baseline(chart, every, stated),
            points=tuple(_points(each, chart)),
            alarms=() if chart is None else alarms_of(key, name, judged, every),
            note=_note(each, chart),
        )


def _judged(each: Prepared, tail: float) -> Judged:
    least = each.measure.least
    baseline = without_odd(each.periods, each.baseline, least, tail)
    spread = spread_of(each.periods, baseline, least)
    return Judged(each, baseline, spread, course_of(each.periods, spread, tail))


def _centre(each: Prepared, chart: Judged | None) -> float:
    centre = float(np.median(each.periods.means)) if chart is None else chart.spread.centre
    return each.measure.shown(each.usual + centre)


def _baseline(chart: Judged, every: Every, stated: bool) -> Baseline:
    days = chart.prepared.periods.days[chart.baseline]
    return Baseline(
        first=days[0].item(),
        last=period_ends(days[-1:], every)[0].item(),
        n_periods=days.size,
        n_scans=int(chart.prepared.periods.n[chart.baseline].sum()),
        stated=stated,
    )


def _points(each: Prepared, chart: Judged | None) -> Iterator[Point]:
    """The periods in the unit of the measure."""
    periods, shown = each.periods, each.measure.shown
    for index, day in enumerate(periods.days.tolist()):
        limits = None if chart is None else _limits(chart, index)
        yield Point(
            start=day,
            n=int(periods.n[index]),
            value=shown(each.usual + float(periods.means[index])),
            **(limits or _NO_LIMITS),
        )


_NO_LIMITS = {
    "lower": None,
    "upper": None,
    "ewma": None,
    "ewma_lower": None,
    "ewma_upper": None,
    "in_baseline": False,
    "beyond": None,
    "drift": None,
}


def _limits(chart: Judged, index: int) -> dict[str, object]:
    """Limits of a period, its EWMA, and whether it is beyond them."""
    course, shown = chart.course, chart.prepared.measure.shown
    centre = chart.prepared.usual + chart.spread.centre
    limit, ewma_limit = float(course.limit[index]), float(course.ewma_limit[index])
    judged = bool(chart.prepared.periods.judged[index])
    return {
        "lower": shown(centre - limit) if judged else None,
        "upper": shown(centre + limit) if judged else None,
        "ewma": shown(centre + float(course.ewma[index])),
        "ewma_lower": shown(centre - ewma_limit),
        "ewma_upper": shown(centre + ewma_limit),
        "in_baseline": bool(chart.baseline[index]),
        "beyond": _side(chart.beyond("shift")[index]),
        "drift": _side(chart.beyond("drift")[index]),
    }


def _side(beyond: float) -> Literal["high", "low"] | None:
    if abs(beyond) <= 1:
        return None
    return "high" if beyond > 0 else "low"


def _note(each: Prepared, chart: Judged | None) -> str | None:
    """What to keep in mind about a chart."""
    notes = []
    if chart is None:
        notes.append("too few scans in the baseline for limits; longer periods have more")
    elif odd := int(each.baseline.sum() - chart.baseline.sum()):
        notes.append(f"{odd} period(s) of the baseline are out of control and do not count")
    if each.n_unlike:
        notes.append(
            f"{each.n_unlike} scan(s) of a kernel or thickness that the baseline does not have "
            "are left out"
        )
    return "; ".join(notes) or None
