"""What alarms say, and that they come when they should, by simulation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.trends.made import MONDAY, Change, many_charts, one_chart

from ctiqa.trends import Alarm, Trends, trends
from ctiqa.trends.control.alarms import events

FAMILIES = 40
"""Protocols that are simulated at once. With as many false alarms a year allowed, each has the
limits that it would have alone in a store: one false alarm a year over its three charts."""


def simulated(per_week: int, weeks: int, seed: int, dose: bool = True, **facts: Any) -> Trends:
    frame = many_charts(FAMILIES, per_week, weeks, seed, **facts)
    if not dose:
        unknown = [pl.lit(None, pl.Float64).alias(name) for name in ("ctdivol_mgy", "ssde_mgy")]
        frame = frame.with_columns(unknown)
    return trends(frame, false_alarms_per_year=FAMILIES)


def test_a_half_dose_week_is_named_in_words() -> None:
    found = trends(one_chart(31, seed=3, changes=[Change(8, 8, dose=0.5)]))
    (alarm,) = found.alarms
    assert (alarm.measure, alarm.kind, alarm.direction) == ("noise", "shift", "high")
    assert alarm.start == alarm.last == MONDAY + timedelta(weeks=8)
    assert alarm.change == pytest.approx(2**0.5, rel=0.15)
    start = f"week of {alarm.start}, Abdomen · CT1: noise {alarm.change:.2f} × the baseline "
    assert alarm.sentence.startswith(f"{start}({alarm.n} scans), dose 0.")
    assert "score" in alarm.sentence


def test_every_chart_has_its_own_alarms() -> None:
    charts = trends(one_chart(31, seed=3, changes=[Change(8, 8, dose=0.5)])).charts
    sides = {each.measure: each.alarms[0].direction for each in charts}
    assert sides == {"noise": "high", "dose": "low", "score": "low"}
    for each in charts:
        assert [point.beyond for point in each.points].count(None) == 11
        assert each.points[8].beyond == sides[each.measure]


def test_a_change_that_stays_is_one_alarm() -> None:
    found = trends(one_chart(40, weeks=20, changes=[Change(12, 19, dose=0.5)]))
    (alarm,) = found.alarms
    assert (alarm.start, alarm.last) == (
        MONDAY + timedelta(weeks=12),
        MONDAY + timedelta(weeks=19),
    )
    assert alarm.sentence.startswith("weeks of 2026-03-30 to 2026-05-18, Abdomen · CT1: noise 1.")


def test_one_odd_week_is_no_drift() -> None:
    found = trends(one_chart(40, weeks=20, changes=[Change(12, 12, dose=0.4)]))
    assert {alarm.kind for each in found.charts for alarm in each.alarms} == {"shift"}


def test_alarms_of_different_scanners_are_different_events() -> None:
    alarm = trends(one_chart(31, seed=3, changes=[Change(8, 8, dose=0.5)])).alarms[0]
    fields = {name: getattr(alarm, name) for name in Alarm.__slots__}
    other = Alarm(**{**fields, "scanner": "CT2"})
    dose = Alarm(**{**fields, "measure": "dose"})
    found = events([dose, other, alarm], ["noise", "dose", "score"])
    assert sorted((each.scanner, each.measure) for each in found) == [
        ("CT1", "noise"),
        ("CT2", "noise"),
    ]


@pytest.mark.parametrize(("per_week", "between"), [(10, 0.0), (20, 0.03), (40, 0.0)])
def test_normal_weeks_give_at_most_one_false_alarm_a_year(per_week: int, between: float) -> None:
    """If a family had one a year, 40 would have 25 or fewer in one of 100 simulations (Poisson)."""
    found = simulated(per_week, 52, seed=11, between=between)
    assert sum(each.baseline is not None for each in found.charts) == 3 * FAMILIES
    assert len(found.alarms) <= 25


def test_a_few_odd_scans_are_no_alarm() -> None:
    assert len(simulated(20, 52, seed=12, outliers=0.05).alarms) <= 25


@pytest.mark.parametrize(
    ("per_week", "dose", "least"),
    # Of 40 with a probability of 0.98, fewer than 37 are named in one of 100 simulations; with 0.95
    # fewer than 34, with 0.6 fewer than 17.
    [(10, True, 37), (20, True, 37), (40, True, 37), (10, False, 17), (20, False, 34)],
)
def test_a_half_dose_week_among_twelve_is_named(per_week: int, dose: bool, least: int) -> None:
    """Also if it is one of the weeks of the baseline, and if CTDIvol is not known."""
    changes = [Change(n % 12, n % 12, dose=0.5, protocol=f"P{n}") for n in range(FAMILIES)]
    found = simulated(per_week, 12, seed=13, dose=dose, changes=changes)
    named = {
        each.protocol
        for each in found.alarms
        if each.kind == "shift"
        and each.start == each.last == MONDAY + timedelta(weeks=int(str(each.protocol)[1:]) % 12)
    }
    assert len(named) >= least


def test_a_drift_of_one_per_cent_a_week_is_found() -> None:
    """Within 20 weeks, by the moving average, before single weeks are beyond their limits."""
    changes = [Change(8, 51, noise_per_week=0.01)]
    found = simulated(20, 52, seed=14, changes=changes)
    noise = [each for each in found.charts if each.measure == "noise"]
    weeks = {
        kind: np.array([first_week(each.alarms, kind) for each in noise])
        for kind in ("drift", "shift")
    }
    assert np.quantile(weeks["drift"], 0.9) <= 8 + 20
    assert np.median(weeks["drift"]) < np.median(weeks["shift"])


def first_week(alarms: tuple[Alarm, ...], kind: str) -> int:
    """Number of the week of the first alarm; 52 if there is none."""
    days = [(each.start - MONDAY).days for each in alarms if each.kind == kind]
    return min(days, default=52 * 7) // 7
