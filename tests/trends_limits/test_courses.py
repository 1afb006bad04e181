"""Limits of courses: change since the baseline, and alarms."""

from __future__ import annotations

from datetime import date

import pytest
from tests.trends_limits.made import alarm, chart, checked, trends_of

from ctiqa.trends.limits import Unchecked

WEEK3, WEEK4 = date(2026, 1, 19), date(2026, 1, 26)


def whys(unchecked: tuple[Unchecked, ...]) -> list[tuple[str, int, bool]]:
    return [(each.why, each.n, each.everything) for each in unchecked]


@pytest.mark.parametrize(
    ("values", "worst", "periods"),
    [
        ([20, 20, 23, 17], None, ()),
        ([20, 20, 23.5, 20], 0.175, (WEEK3,)),
        ([20, 20, 16.5, 28], 0.4, (WEEK3, WEEK4)),
        ([20, 20, 10, 28], -0.5, (WEEK3, WEEK4)),
        # The baseline is not judged by itself.
        ([99, 1, 20, 20], None, ()),
    ],
)
def test_a_drift(values: list[float], worst: float | None, periods: tuple[date, ...]) -> None:
    found = checked(trends_of(charts=[chart(values)]), {"most_noise_drift": 0.15})
    assert found.unchecked == ()
    assert [each.value for each in found.violations] == (
        [] if worst is None else [pytest.approx(worst)]
    )
    for violation in found.violations:
        assert (violation.periods, violation.n) == (periods, 2)
        assert (violation.kind, violation.scope, violation.kernel) == (
            "drift",
            "Thorax · CT1",
            None,
        )


def test_a_drift_in_words() -> None:
    charts = [chart([20, 20, 30, 26], measure="dose")]
    [violation] = checked(trends_of(charts=charts), {"most_dose_drift": 0.25}).violations
    assert violation.sentence.startswith(
        "Thorax · CT1: the CTDIvol is up to 50 % higher than in the baseline in 2 weeks from "
        "2026-01-19, 25 % is allowed; compare the settings"
    )


def test_a_drift_is_that_of_its_own_measure_and_scope() -> None:
    charts = [
        chart([20, 20, 40], measure="dose"),
        chart([20, 20, 20]),
        chart([20, 20, 40], protocol="Head"),
        chart([20, 20, 40], scanner=None),
    ]
    table = {"protocol": "Thorax", "scanner": "CT1", "most_noise_drift": 0.15}
    found = checked(trends_of(charts=charts), table)
    assert (found.violations, found.unchecked) == ((), ())


def test_periods_with_few_scans_are_not_judged() -> None:
    table = {"most_noise_drift": 0.15, "least_scans": 10}
    found = checked(trends_of(charts=[chart([20, 20, 40], n=9)]), table)
    assert found.violations == ()
    assert whys(found.unchecked) == [("few_scans", 1, True)]
    assert checked(trends_of(charts=[chart([20, 20, 40], n=10)]), table).violations


def test_charts_without_a_baseline_are_not_passed() -> None:
    lost = chart([20, 20, 40], baseline=None)
    found = checked(trends_of(charts=[lost]), {"most_noise_drift": 0.15, "most_alarms": 0})
    assert found.violations == ()
    assert whys(found.unchecked) == [("no_baseline", 1, True), ("no_baseline", 1, True)]
    assert not found.is_complete
    both = checked(trends_of(charts=[lost, chart([20, 20])]), {"most_noise_drift": 0.15})
    assert whys(both.unchecked) == [("no_baseline", 1, False)]


def test_a_measure_without_a_chart_is_not_passed() -> None:
    found = checked(trends_of(charts=[chart([20, 20, 20])]), {"most_dose_drift": 0.15})
    assert whys(found.unchecked) == [("no_value", 0, True)]
    assert not found.is_complete


def test_only_the_last_days_of_a_course_count() -> None:
    # The newest period begins on 2 February; that of the change ends on 25 January.
    trends = trends_of(charts=[chart([20, 20, 40, 20, 20])], alarms=[alarm(WEEK3)])
    for days, count in ((8, 0), (9, 2)):
        table = {"most_noise_drift": 0.15, "most_alarms": 0, "last_days": days}
        assert len(checked(trends, table).violations) == count, days


@pytest.mark.parametrize(("most", "breaks"), [(0, True), (1, True), (2, False)])
def test_alarms(most: int, breaks: bool) -> None:
    alarms = [alarm(WEEK4, sentence="The newest."), alarm(WEEK3), alarm(WEEK3, scanner="CT2")]
    trends = trends_of(charts=[chart([20, 20])], alarms=alarms)
    found = checked(trends, {"scanner": "CT1", "most_alarms": most})
    assert bool(found.violations) is breaks
    for violation in found.violations:
        assert (violation.kind, violation.value, violation.n_broken) == ("alarms", 2, 2 - most)
        assert violation.periods == (WEEK3, WEEK4)
        assert violation.sentence.startswith("Thorax · CT1: 2 alarms, ")
        assert violation.sentence.endswith("; the newest: The newest.")


def test_alarms_are_counted_by_protocol_and_scanner() -> None:
    alarms = [alarm(WEEK4), alarm(WEEK3, scanner=None)]
    trends = trends_of(charts=[chart([20, 20])], alarms=alarms)
    assert checked(trends, {"most_alarms": 1}).violations == ()
    assert [each.scope for each in checked(trends, {"most_alarms": 0}).violations] == [
        "Thorax · CT1",
        "Thorax · scanner unknown",
    ]
