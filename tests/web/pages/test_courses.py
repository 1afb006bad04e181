"""Trends and limits: of everything, of a part, and of one protocol and scanner."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape

import polars as pl
import pytest
from tests.trends_page.made import made
from tests.web.pages.made import Clinic, check_page, scan_paths

from ctiqa.trends import Trends, trends
from ctiqa.trends.limits import check_limits, limits_from
from ctiqa.trends.page.page import section_context
from ctiqa.web.pages.courses.part import limits_of, part_of
from ctiqa.web.pages.parts.asked import UNKNOWN, Asked
from ctiqa.web.reading.view import TrendsState


@pytest.fixture(scope="module")
def whole() -> Trends:
    """Trends with alarms and outliers."""
    found = made()
    assert found.alarms
    assert found.outliers
    return found


@pytest.mark.parametrize("scanner", ["CT1", None])
def test_a_part_has_what_belongs_to_it(whole: Trends, scanner: str | None) -> None:
    part = part_of(whole, Asked(protocol="Thorax", scanner=scanner))
    wanted = pl.col("protocol") == "Thorax"
    if scanner:
        wanted &= pl.col("scanner") == scanner
    assert part.n == part.scans.height == whole.scans.filter(wanted).height > 0
    for kind in ("groups", "charts", "alarms", "dose_lines", "outliers"):
        mine = [
            each
            for each in getattr(whole, kind)
            if each.protocol == "Thorax" and scanner in {None, each.scanner}
        ]
        assert len(getattr(part, kind)) == len(mine), kind


def test_outliers_of_a_part_are_those_of_its_rows(whole: Trends) -> None:
    part = part_of(whole, Asked(protocol="Thorax", since=date(2026, 2, 1)))
    assert part.outliers
    for each in part.outliers:
        assert part.scans["series_uid"][each.row] == each.series_uid


def test_limits_of_charts_do_not_depend_on_the_days_shown(whole: Trends) -> None:
    middle = sorted(whole.scans["study_day"].drop_nulls())[whole.n // 2]
    part = part_of(whole, Asked(since=middle))
    assert part.first is not None
    assert part.first >= middle
    for before, after in zip(whole.charts, part.charts, strict=True):
        assert after == replace(
            before, points=tuple(each for each in before.points if each.start >= middle)
        )


def test_nothing_is_left_of_a_protocol_that_is_not_there(whole: Trends) -> None:
    part = part_of(whole, Asked(protocol="none"))
    assert (part.n, part.groups, part.charts, part.outliers) == (0, (), (), ())
    assert section_context(part)["trends"] is part


def test_unknown_scanners_are_a_scanner(whole: Trends) -> None:
    frame = whole.scans.with_columns(scanner=pl.lit(None, pl.String))
    nowhere = replace(whole, scans=frame, groups=(), charts=(), alarms=(), outliers=())
    assert part_of(nowhere, Asked(scanner=UNKNOWN)).n == whole.n
    assert part_of(nowhere, Asked(scanner="CT1")).n == 0


def test_broken_limits_of_a_part(whole: Trends) -> None:
    checked = check_limits(whole, limits_from({"limits": [{"least_score": 3.9}]}))
    part = limits_of(checked, Asked(protocol="Thorax", scanner="CT1"))
    assert part is not None
    assert 0 < len(part.violations) < len(checked.violations)
    assert {(each.protocol, each.scanner) for each in part.violations} == {("Thorax", "CT1")}
    assert limits_of(None, Asked()) is None


def test_the_page_of_trends_leads_to_its_outliers(clinic: Clinic) -> None:
    text = clinic.get("/trends")
    odd = trends(clinic.store).outliers
    assert len(set(scan_paths(text))) == len(odd)
    for each in odd[:3]:
        found = re.search(rf'href="(/scan/\w+)">{re.escape(each.series_uid)}<', text)
        assert found
        assert f"Series {each.series_uid}<" in clinic.get(found[1])
    # What belongs to the files of 'ctiqa trends' is not said here.
    assert "trends.json" not in text
    assert "docs/trends.md" not in text


def test_the_page_of_a_protocol_has_its_courses_and_limits(clinic: Clinic) -> None:
    text = clinic.get("/protocol?protocol=Low-dose lung&scanner=CT1")
    check_page(text)
    assert "score below 2.5" in text
    charts = [
        each
        for each in trends(clinic.store).charts
        if (each.protocol, each.scanner) == ("Low-dose lung", "CT1") and each.points
    ]
    assert text.count('class="control"') == len(charts)
    other = unescape(clinic.get("/protocol?protocol=Head&scanner=CT1"))
    assert "No limit for it is broken." in other
    assert "Equivalent noise of Head · CT1 by week" in other


def test_before_the_trends_are_computed_pages_say_so(
    own: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = own.client.app.state.site.scans  # type: ignore[attr-defined]
    monkeypatch.setattr(scans, "trends_of", lambda _: TrendsState())
    for path in ("/", "/trends", "/protocol", "/scans?unexplained=yes", own.scan()):
        text = own.get(path)
        check_page(text)
        assert "being computed" in text, path


def test_why_there_are_no_trends_is_said(own: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    scans = own.client.app.state.site.scans  # type: ignore[attr-defined]
    failed = TrendsState(failure="the limits file 'x' is not TOML")
    monkeypatch.setattr(scans, "trends_of", lambda _: failed)
    for path in ("/", "/trends", "/protocol"):
        assert "is not TOML" in own.get(path), path
