"""Trends written by hand, so that a test sees every number that a limit is checked on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars

from ctiqa.trends import Alarm, Baseline, ControlChart, Point, Trends
from ctiqa.trends.limits import LimitsChecked, check_limits, limits_from
from ctiqa.trends.result import ChartedMeasure

TYPES = {
    "series_uid": polars.String,
    "study_day": polars.Date,
    "period": polars.Date,
    "protocol": polars.String,
    "scanner": polars.String,
    "kernel": polars.String,
    "region": polars.String,
    "score": polars.Float64,
    "dose_reserve": polars.Float64,
    "equivalent_noise_hu": polars.Float64,
    "ctdivol_mgy": polars.Float64,
    "ssde_mgy": polars.Float64,
    "artefact_share": polars.Float64,
    "n_judged": polars.Int64,
    "n_unjudged": polars.Int64,
}

USUAL: dict[str, Any] = {
    "study_day": date(2026, 3, 4),
    "period": date(2026, 3, 2),
    "protocol": "Thorax",
    "scanner": "CT1",
    "kernel": "Br40",
    "region": "chest",
    "score": 3.0,
    "dose_reserve": 0.5,
    "equivalent_noise_hu": 20.0,
    "ctdivol_mgy": 6.0,
    "ssde_mgy": 8.0,
    "artefact_share": 0.0,
    "n_judged": 50,
    "n_unjudged": 0,
}

BASELINE = Baseline(date(2026, 1, 5), date(2026, 2, 1), n_periods=4, n_scans=80, stated=True)


def scans(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """One usual scan for each mapping, with its changes; ``times`` repeats one."""
    rows = [each for change in changes for each in [change] * change.get("times", 1)]
    return [
        {**USUAL, "series_uid": f"1.2.{k}", **{n: v for n, v in row.items() if n != "times"}}
        for k, row in enumerate(rows)
    ]


def trends_of(
    rows: Sequence[dict[str, Any]] = (),
    charts: Sequence[ControlChart] = (),
    alarms: Sequence[Alarm] = (),
) -> Trends:
    """Trends of some scans."""
    days = [row["study_day"] for row in rows if row["study_day"]]
    days += [point.start for each in charts for point in each.points]
    return Trends(
        store="ct.sqlite",
        model="tiny 1",
        model_digest="d",
        every="week",
        first=min(days, default=None),
        last=max(days, default=None),
        n=len(rows),
        n_without_day=0,
        left_out=(),
        groups=(),
        charts=tuple(charts),
        alarms=tuple(alarms),
        dose_lines=(),
        outliers=(),
        false_alarms_per_year=0.5,
        notes=(),
        scans=polars.DataFrame(list(rows), schema=TYPES),
    )


def chart(
    values: Sequence[float],
    *,
    measure: ChartedMeasure = "noise",
    n: int = 20,
    baseline: Baseline | None = BASELINE,
    **facts: Any,
) -> ControlChart:
    """A chart with the centre 20; the first two weeks are in the baseline."""
    known: dict[str, Any] = {"protocol": "Thorax", "scanner": "CT1", "alarms": (), "note": None}
    points = tuple(
        Point(
            start=date(2026, 1, 5) + timedelta(weeks=k),
            n=n,
            value=value,
            lower=None,
            upper=None,
            ewma=None,
            ewma_lower=None,
            ewma_upper=None,
            in_baseline=k < 2,
            beyond=None,
            drift=None,
        )
        for k, value in enumerate(values)
    )
    return ControlChart(
        measure=measure,
        unit="HU",
        every="week",
        n=n * len(values),
        n_other=0,
        centre=20.0,
        scatter=0.1,
        size_slope=None,
        baseline=baseline,
        points=points,
        **(known | facts),
    )


def alarm(start: date, **facts: Any) -> Alarm:
    """An alarm of the noise of one week."""
    known: dict[str, Any] = {
        "protocol": "Thorax",
        "scanner": "CT1",
        "measure": "noise",
        "kind": "shift",
        "direction": "high",
        "last": start,
        "n": 20,
        "change": 1.4,
        "distance": 2.0,
        "sentence": "The noise is 40 % higher.",
    }
    return Alarm(start=start, **(known | facts))


def checked(trends: Trends, *tables: dict[str, Any]) -> LimitsChecked:
    """Limits, as they are in a file, checked on trends."""
    return check_limits(trends, limits_from({"limits": list(tables)}))
