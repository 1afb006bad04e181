from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from tests.trends.made import archive
from tests.trends_page.made import made, page, read_scripted, texts_of

from ctiqa.score.report.facts import NOTICE
from ctiqa.trends import Omission, Trends, trends
from ctiqa.trends.limits import LimitsChecked, Unchecked, Violation
from ctiqa.trends.page import trends_page

SECTIONS = ["What needs attention", "Course by week", "Quality and dose", "Distributions"]


def violation(**facts: object) -> Violation:
    known = {
        "rule": "limit 1",
        "key": "least_score",
        "kind": "scan",
        "protocol": "Thorax",
        "scanner": "CT1",
        "kernel": "Br40",
        "value": 1.0,
        "limit": 2.5,
        "n": 90,
        "n_broken": 30,
        "series": tuple(f"9.9.{k}" for k in range(30)),
        "periods": (),
        "sentence": "Thorax · CT1 · Br40: 30 of 90 scans have a score below 2.5",
    }
    return Violation(**(known | facts))  # type: ignore[arg-type]


def without_days(n: int) -> Trends:
    frame = archive(n).with_columns(
        study_day=pl.lit(None, pl.Date), ctdivol_mgy=None, ssde_mgy=None
    )
    types = {"ctdivol_mgy": pl.Float64, "ssde_mgy": pl.Float64}
    return trends(frame.cast(types))  # type: ignore[arg-type]


def test_the_page_is_well_formed_and_in_order() -> None:
    read = read_scripted(page())
    assert [each for each in texts_of(page(), "h2") if each in SECTIONS] == SECTIONS
    assert read.counts["h1"] == 1
    assert read.charts > 10
    assert page().count(NOTICE) == 2


def test_every_table_has_a_caption_and_scopes() -> None:
    read = read_scripted(page())
    assert read.counts["caption"] == read.counts["table"] > 1
    headings = page().count("<th ")
    assert headings == page().count('<th scope="col"') + page().count('<th scope="row"')


def test_what_it_was_made_from_is_stated() -> None:
    stated = replace(made(), store="ct.sqlite", left_out=(Omission("scored by another model", 7),))
    text = trends_page(stated, command="ctiqa trends", created=datetime(2026, 4, 1, tzinfo=UTC))
    for part in ("ct.sqlite", f"{made().n} scans", str(made().model), "2026-04-01", "ctiqa trends"):
        assert part in text
    assert "Scored by another model." in text
    assert "docs/trends.md" in text


def test_alarms_come_with_their_course_and_outliers_with_their_reason() -> None:
    assert made().alarms
    for alarm in made().alarms:
        assert alarm.sentence in page()
    assert page().count('class="plot spark"') == min(len(made().alarms), 12)
    for outlier in made().outliers[:5]:
        reason = outlier.sentence.partition(": ")[2]
        assert outlier.series_uid in page()
        assert reason in page()


def test_percentiles_state_among_how_many() -> None:
    worst = made().outliers[0]
    scan = made().scans.row(worst.row, named=True)
    row = next(each for each in texts_of(page(), "tr") if f">{worst.series_uid}<" in each)
    assert f">{scan['percentile']:.0f}<" in row
    assert f"among {scan['n_comparable']:,}" in row


def test_violations_come_first_and_what_was_not_checked_is_said() -> None:
    unchecked = Unchecked("limit 2", "least_score", "no_scans", 1, True, "limit 2: no such scan")
    text = trends_page(made(), LimitsChecked(2, (violation(),), (unchecked,)))
    read_scripted(text)
    assert text.index("30 of 90 scans have a score below 2.5.") < text.index("Alarms")
    assert "limit 2: no such scan." in text
    assert text.count("<li>9.9.") == 20
    assert "and 10 more" in text


def test_kept_limits_are_said_to_be_kept() -> None:
    assert "No limit is broken; 3 limits checked." in trends_page(made(), LimitsChecked(3, (), ()))
    assert "limits checked" not in page()


def test_a_limit_of_a_course_belongs_to_protocol_and_scanner() -> None:
    drift = violation(kind="drift", series=(), kernel=None, periods=(date(2026, 1, 5),))
    elsewhere = violation(kind="drift", series=(), protocol="Nowhere", sentence="Nowhere: none")
    text = trends_page(made(), LimitsChecked(1, (drift, elsewhere), ()))
    items = text[text.index('id="limits"') :].split("<li")[1:3]
    assert items[0].startswith(' data-pair="')
    assert items[1].startswith(">")


@pytest.mark.parametrize("n", [1, 2, 12])
def test_small_archives(n: int) -> None:
    text = trends_page(trends(archive(n)))
    read_scripted(text)
    assert "No course has enough scans for control limits yet." in text


def test_scans_without_days_and_doses() -> None:
    text = trends_page(without_days(40))
    read_scripted(text)
    assert "No scan has a dose" in text
    assert "From the courses only" in text
    assert "undefined" not in text.partition("<script")[0]


def test_an_empty_archive() -> None:
    text = trends_page(trends(archive(1)[:0]), LimitsChecked(1, (), ()))
    assert read_scripted(text).headings[:2] == [1, 2]
    assert "There are no scans with a score" in text
    assert "<script" not in text


def test_long_lists_are_cut_and_say_so() -> None:
    many = tuple(made().outliers[k % len(made().outliers)] for k in range(230))
    alarms = tuple(made().alarms[0] for _ in range(250))
    text = trends_page(replace(made(), outliers=many, alarms=alarms))
    read_scripted(text)
    assert "The worst 200 of 230; trends.json has all." in text
    assert "The newest 200 of 250; trends.json has all." in text
    assert text.count('class="plot spark"') == 12


def test_the_page_of_500_scans_is_small() -> None:
    assert len(page(500).encode()) < 2_000_000


def test_the_page_of_50_000_scans_is_small_and_draws_all_outliers() -> None:
    text = trends_page(made(50_000, weeks=52))
    assert len(text.encode()) < 20_000_000
    assert "scans are drawn: all outliers, and others evenly chosen." in text
    read_scripted(text)
