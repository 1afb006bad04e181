"""Trends as JSON: everything but the scans, with finite numbers."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import polars
import pytest
from tests.trends.made import Change, archive
from tests.trends_limits.made import checked

from ctiqa.trends import Trends, trends
from ctiqa.trends.limits import LimitsChecked
from ctiqa.trends.output.as_json import trends_as_json

NOW = datetime(2026, 11, 26, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def found() -> Trends:
    changes = (Change(8, 11, dose=0.4, protocol="Abdomen"),)
    frame = archive(900, weeks=12, changes=changes, outliers=0.02)
    return replace(trends(frame), store="evil \x1b[2J")


def read(found: Trends, limits: LimitsChecked | None = None) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    content: dict[str, Any] = json.loads(
        trends_as_json(found, limits, "ctiqa trends", NOW), parse_constant=refuse
    )
    return content


def test_everything_but_the_scans(found: Trends) -> None:
    content = read(found)
    names = {each.name for each in fields(found)} - {"scans"}
    origin = {"schema", "notice", "ctiqa", "created", "command", "limits"}
    assert set(content) == names | origin
    assert (content["schema"], content["created"]) == (1, "2026-11-26T14:00:00+00:00")
    assert (content["n"], content["first"]) == (900, str(found.first))
    assert content["limits"] is None
    for name in ("groups", "charts", "alarms", "dose_lines", "outliers"):
        assert len(content[name]) == len(getattr(found, name)) > 0, name
    [group, chart] = content["groups"][0], content["charts"][0]
    assert group["label"] == found.groups[0].label
    assert chart["points"][0]["start"] == str(found.charts[0].points[0].start)
    assert content["alarms"][0]["sentence"] == found.alarms[0].sentence


def test_nothing_controls_a_terminal(found: Trends) -> None:
    assert read(found)["store"] == "evil \ufffd[2J"


def test_limits(found: Trends) -> None:
    reserves = polars.Series("dose_reserve", [math.inf] * found.scans.height)
    endless = replace(found, scans=found.scans.with_columns(reserves))
    limits = checked(endless, {"name": "A", "most_dose_reserve": 1.0, "most_ssde_mgy": 1000})
    content = read(endless, limits)["limits"]
    assert (content["n_limits"], content["complete"]) == (1, True)
    first = content["violations"][0]
    assert (first["rule"], first["key"], first["kind"]) == ("A", "most_dose_reserve", "scan")
    assert first["scope"] == limits.violations[0].scope
    # JSON has no infinity.
    assert (first["value"], first["limit"]) == (None, 1.0)
    assert first["series"] == list(limits.violations[0].series)
    assert [each["why"] for each in content["unchecked"]] == ["no_value"]


def test_a_store_without_scans() -> None:
    content = read(trends(archive(1).clear()))
    assert (content["n"], content["groups"], content["first"]) == (0, [], None)
