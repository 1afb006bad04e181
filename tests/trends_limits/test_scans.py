"""Limits of scans: which are checked, which break a limit, and which are not checked."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from tests.trends_limits.made import checked, scans, trends_of


@pytest.mark.parametrize(
    ("key", "limit", "column", "values", "worst"),
    [
        ("least_score", 2.5, "score", [2.5, 2.4, 1.0, 3.0], 1.0),
        ("most_dose_reserve", 1.0, "dose_reserve", [1.0, 1.1, math.inf, 0.1], math.inf),
        ("least_dose_reserve", 0.2, "dose_reserve", [0.2, 0.1, 0.05, math.inf], 0.05),
        ("most_equivalent_noise_hu", 30, "equivalent_noise_hu", [30, 31.0, 40.0, 5.0], 40.0),
        ("least_ctdivol_mgy", 4, "ctdivol_mgy", [4.0, 3.9, 1.0, 50.0], 1.0),
        ("most_ctdivol_mgy", 8, "ctdivol_mgy", [8.0, 9.0, 10.0, 1.0], 10.0),
        ("least_ssde_mgy", 4, "ssde_mgy", [4.0, 3.9, 1.0, 50.0], 1.0),
        ("most_ssde_mgy", 8, "ssde_mgy", [8.0, 9.0, 10.0, 1.0], 10.0),
        ("most_artefact_share", 0.25, "artefact_share", [0.25, 0.3, 0.9, 0.0], 0.9),
    ],
)
def test_every_scan_must_keep_a_limit(
    key: str, limit: float, column: str, values: list[float], worst: float
) -> None:
    rows = scans(*({column: float(value)} for value in values))
    found = checked(trends_of(rows), {key: limit})
    [violation] = found.violations
    assert violation.value == worst
    # The first scan is at the limit, the last one far from it.
    assert violation.series == ("1.2.2", "1.2.1")
    assert violation.n_broken == 2
    assert (violation.kind, violation.n, violation.limit) == ("scan", 4, limit)
    assert violation.scope == "Thorax · CT1 · Br40"
    assert violation.periods == (date(2026, 3, 2),)
    assert found.unchecked == ()


def test_the_worst_scan_comes_first() -> None:
    rows = scans({"score": 2.0}, {"score": 1.0}, {"score": 1.5}, {})
    [violation] = checked(trends_of(rows), {"least_score": 2.5}).violations
    assert violation.series == ("1.2.1", "1.2.2", "1.2.0")
    assert violation.sentence == (
        "Thorax · CT1 · Br40: score below 2.5 in 3 of 4 scans, the lowest is 1; look at the "
        "images; if they are good enough, lower the limit"
    )


def test_numbers_in_words() -> None:
    rows = scans({"dose_reserve": math.inf, "ctdivol_mgy": 1.99996})
    table = {"most_dose_reserve": 1.0, "least_ctdivol_mgy": 2}
    first, second = (each.sentence for each in checked(trends_of(rows), table).violations)
    assert "dose reserve above 100 % in 1 of 1 scan, the highest is infinite; " in first
    assert "CTDIvol below 2 mGy in 1 of 1 scan, the lowest is 1.99996 mGy; " in second


def test_slices_without_a_score() -> None:
    rows = scans(
        {"n_judged": 5, "n_unjudged": 5},
        {"n_judged": 4, "n_unjudged": 6},
        {"n_judged": 0, "n_unjudged": 0},
    )
    found = checked(trends_of(rows), {"most_unscored_share": 0.5})
    assert [each.series for each in found.violations] == [("1.2.1",)]
    assert [(each.why, each.n) for each in found.unchecked] == [("no_value", 1)]


def test_what_is_unknown_is_not_passed() -> None:
    rows = scans({"ctdivol_mgy": None}, {"ctdivol_mgy": math.nan}, {})
    found = checked(trends_of(rows), {"least_ctdivol_mgy": 4})
    assert found.violations == ()
    [unchecked] = found.unchecked
    assert (unchecked.why, unchecked.n, unchecked.everything) == ("no_value", 2, False)
    assert unchecked.sentence == (
        "limit 1: 2 of 3 scans were not checked for least_ctdivol_mgy: the CTDIvol is unknown"
    )
    assert found.is_complete


def test_a_limit_that_could_be_checked_on_nothing() -> None:
    found = checked(trends_of(scans({"ssde_mgy": None})), {"most_ssde_mgy": 4})
    assert [each.everything for each in found.unchecked] == [True]
    assert not found.is_complete


def test_a_limit_for_scans_that_do_not_occur() -> None:
    table = {"protocol": "Throax*", "least_score": 2, "most_noise_drift": 0.2, "most_alarms": 0}
    found = checked(trends_of(scans({})), table)
    assert found.violations == ()
    assert [(each.key, each.why) for each in found.unchecked] == [
        ("least_score", "no_scans"),
        ("most_noise_drift, most_alarms", "no_scans"),
    ]
    assert "protocol Throax*" in found.unchecked[0].sentence
    # It is a warning: a protocol may not have been used.
    assert found.is_complete


@pytest.mark.parametrize(
    ("scope", "series"),
    [
        ({}, {"1.2.0", "1.2.1", "1.2.2", "1.2.3"}),
        ({"protocol": "Thorax"}, {"1.2.0"}),
        ({"protocol": "thorax*"}, {"1.2.0", "1.2.1"}),
        ({"protocol": ["Thorax", "Head"]}, {"1.2.0", "1.2.2"}),
        ({"protocol": "*", "scanner": "CT2"}, {"1.2.1"}),
        ({"kernel": "B?57"}, {"1.2.1"}),
        ({"region": "head"}, {"1.2.2"}),
    ],
)
def test_which_scans_a_limit_is_for(scope: dict[str, Any], series: set[str]) -> None:
    rows = scans(
        {},
        {"protocol": "Thorax sharp", "scanner": "CT2", "kernel": "Bl57"},
        {"protocol": "Head", "region": "head"},
        {"protocol": None, "scanner": None, "kernel": None, "region": None},
    )
    found = checked(trends_of(rows), {**scope, "least_score": 4})
    assert {uid for each in found.violations for uid in each.series} == series


def test_every_group_is_a_violation_of_its_own_the_worst_first() -> None:
    rows = scans(
        {"score": 1.0, "times": 1},
        {"times": 3},
        {"score": 1.0, "scanner": None, "times": 3},
        {"scanner": None, "times": 1},
    )
    found = checked(trends_of(rows), {"least_score": 2})
    assert [(each.scope, each.n_broken, each.n) for each in found.violations] == [
        ("Thorax · scanner unknown · Br40", 3, 4),
        ("Thorax · CT1 · Br40", 1, 4),
    ]


@pytest.mark.parametrize(("bad", "breaks"), [(0, False), (1, False), (2, False), (3, True)])
def test_a_share_of_scans_may_break_a_limit(bad: int, breaks: bool) -> None:
    rows = scans({"score": 1.0, "times": bad}, {"times": 20 - bad})
    table = {"least_score": 2.5, "allowed_share": 0.1}
    found = checked(trends_of(rows), table)
    assert bool(found.violations) is breaks
    if breaks:
        [violation] = found.violations
        assert (violation.kind, violation.value, violation.limit) == ("share", 0.15, 0.1)
        assert len(violation.series) == 3
        assert (
            "score below 2.5 in 3 of 20 scans (15 %, and 10 % may), the lowest"
            in violation.sentence
        )


def test_a_share_of_few_scans_is_not_judged() -> None:
    rows = scans({"score": 1.0, "times": 4}, {"scanner": "CT2", "times": 5})
    table = {"least_score": 2.5, "allowed_share": 0.1, "least_scans": 5}
    found = checked(trends_of(rows), table)
    assert found.violations == ()
    [unchecked] = found.unchecked
    assert (unchecked.why, unchecked.n, unchecked.everything) == ("few_scans", 1, False)
    assert "1 group with fewer than 5 scans was not checked" in unchecked.sentence


def test_unknown_values_do_not_count_for_a_share() -> None:
    rows = scans({"score": 1.0, "times": 2}, {"times": 8}, {"score": None, "times": 90})
    [violation] = checked(trends_of(rows), {"least_score": 2.5, "allowed_share": 0.1}).violations
    assert (violation.n, violation.value) == (10, 0.2)


def test_only_the_last_days_count() -> None:
    rows = scans(
        {"score": 1.0, "study_day": date(2026, 3, 1)},
        {"score": 1.0, "study_day": date(2026, 3, 2)},
        {"score": 1.0, "study_day": None},
        {"study_day": date(2026, 3, 31)},
    )
    found = checked(trends_of(rows), {"least_score": 2, "last_days": 30})
    assert [each.series for each in found.violations] == [("1.2.1",)]
    assert [(each.why, each.n, each.everything) for each in found.unchecked] == [
        ("no_day", 1, False)
    ]


def test_scans_without_a_day_have_no_last_days() -> None:
    found = checked(
        trends_of(scans({"score": 1.0, "study_day": None})), {"least_score": 2, "last_days": 30}
    )
    assert found.violations == ()
    assert [(each.why, each.everything) for each in found.unchecked] == [("no_day", True)]
    assert not found.is_complete


def test_no_scans_at_all() -> None:
    found = checked(trends_of(), {"least_score": 2})
    assert [each.why for each in found.unchecked] == ["no_scans"]
