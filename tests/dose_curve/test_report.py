"""The table, the JSON file and the page."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from tests.dose_curve.made import curves, series_curve, slice_curve
from tests.html_page import EVIL, read_page

import ctiqa.dose_curve.report as package
from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.report.as_json import curves_as_dict, curves_as_json
from ctiqa.dose_curve.report.as_text import curves_as_text
from ctiqa.dose_curve.report.chart import chart_of
from ctiqa.dose_curve.report.outputs import check_outputs, write_outputs
from ctiqa.dose_curve.report.page import curves_page
from ctiqa.dose_curve.result import DoseCurves, LeftOut, Reserve
from ctiqa.errors import OutputError, UsageError
from ctiqa.types import Scan

WHEN = datetime(2026, 11, 26, tzinfo=UTC)
LOST = (LeftOut(Path("head"), None, "region", "4 × not scored (head)", "1.2.9"),)
SCHEMA = json.loads((Path(package.__file__).parent / "dose-curve.schema.json").read_text())


def page_of(found: DoseCurves) -> str:
    return curves_page(found, "ctiqa dose-curve scan", WHEN).decode()


def json_of(found: DoseCurves) -> Any:
    return json.loads(curves_as_json(found, "ctiqa dose-curve scan", WHEN))


@pytest.mark.parametrize("plan", [Plan(), Plan(doses=(0.5,), draws=1, electronic=0.2)])
def test_the_json_follows_its_schema_and_the_contract(plan: Plan) -> None:
    found = json_of(curves(plan=plan, skipped=LOST, left_out=LOST))
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(found)
    assert len(found["slices"]) == 7
    for each in found["slices"]:
        assert len(each["doses"]) == len(each["scores"])
        assert each["doses"][0] == 1.0
        assert each["scores"] == sorted(each["scores"], reverse=True)
    assert found["slices"][0]["file"].endswith("000.dcm")


def test_a_missing_score_and_an_open_end_are_null() -> None:
    scores = slice_curve().scores.copy()
    scores[-1] = np.nan
    odd = slice_curve(scores=scores)
    found = json_of(curves(series_curve([odd])))
    assert found["slices"][0]["scores"][-1] is None
    assert found["series"][0]["scores"][-1] is None
    Draft202012Validator(SCHEMA).validate(found)
    whole = curves()
    beyond = [each["reserve"]["beyond"] for each in curves_as_dict(whole)["series"]]
    assert beyond == [None, "above", "below"]
    assert curves_as_dict(whole)["series"][1]["reserve"]["dose"] is None


def test_the_table_says_the_reserve_in_words() -> None:
    text = curves_as_text(curves(skipped=LOST))
    assert re.search(
        r"the score falls to 3 at \d+ % of this dose \(90 % interval \d+–\d+ %\)", text
    )
    assert "the score is below 3 already at this dose" in text
    assert "the score stays at 3 or above down to 3 % of this dose" in text
    assert "it agrees with the simulation in 4 of 4 slices" in text
    assert "4 × not scored (head)" in text


def test_the_page_is_whole_and_shows_every_series() -> None:
    text = page_of(curves(skipped=LOST, left_out=LOST))
    page = read_page(text)
    assert page.links == page.sources == []
    assert page.counts["h2"] == 3 + 2
    assert page.counts["circle"] == 3 * len(Plan().doses)
    assert "4 × not scored (head)" in text
    assert text.count('class="reserve-text"') == 1  # only one of the three is on the axis
    assert "�" not in text


def test_text_of_files_cannot_act_in_the_page() -> None:
    made = series_curve([slice_curve(0), slice_curve(1)])
    evil = replace(made, scan=Scan(EVIL, Path(EVIL), made.scan.headers), warnings=(EVIL,))
    lost = (LeftOut(Path(EVIL), 0, "region", EVIL),)
    text = page_of(curves(evil, skipped=lost, left_out=lost))
    read_page(text)
    assert "<script" not in text
    assert "&lt;script" in text


def test_the_drawing_places_doses_on_a_logarithmic_axis() -> None:
    plan = Plan(doses=(0.1, 0.01))
    chart = chart_of(series_curve([slice_curve(plan=plan)], plan), plan)
    assert [x for x, _ in chart.points] == [100.0, 50.0, 0.0]
    assert [text for text, _ in chart.ticks] == ["100", "50", "20", "10", "5", "2", "1"]
    assert chart.target == 25.0
    assert chart.reserve is not None
    assert chart.reserve_range[0] <= chart.reserve <= chart.reserve_range[1]
    beyond = replace(
        series_curve([slice_curve(plan=plan)], plan), reserve=Reserve(0.0, (0.0, math.inf))
    )
    cut = chart_of(beyond, plan)
    assert (cut.reserve, cut.reserve_range) == (None, (0.0, 100.0))


def test_files_are_written_by_suffix(tmp_path: Path) -> None:
    paths = [tmp_path / "d.json", tmp_path / "d.HTML"]
    write_outputs(curves(), paths, "ctiqa dose-curve scan", WHEN)
    assert json.loads(paths[0].read_text())["schema"] == 1
    assert paths[1].read_text().startswith("<!doctype html>")
    assert {each.name for each in tmp_path.iterdir()} == {"d.json", "d.HTML"}


def test_outputs_that_cannot_be_written_are_refused_first(tmp_path: Path) -> None:
    (tmp_path / "f.json").mkdir()
    for name, rule in {
        "d.txt": "must end in .json or .html",
        "f.json": "it is a folder",
        "none/d.json": "there is no folder",
    }.items():
        with pytest.raises(UsageError, match=rule):
            check_outputs([tmp_path / name])
    with pytest.raises(UsageError, match="given twice"):
        check_outputs([tmp_path / "d.json"] * 2)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "d.json"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError):
        write_outputs(curves(), [target], "", WHEN)
    assert target.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["d.json"]
