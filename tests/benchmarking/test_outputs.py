"""The table, the JSON file, the CSV file and the page."""

from __future__ import annotations

import csv
import html
import io
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator
from tests.benchmarking.made import SLICES
from tests.html_page import EVIL, read_page, without_pictures

from ctiqa import Benchmark, OutputError, UsageError
from ctiqa.benchmarking.as_csv import COLUMNS as CSV_COLUMNS
from ctiqa.benchmarking.as_csv import slices_as_csv
from ctiqa.benchmarking.as_json import benchmark_as_dict, benchmark_as_json
from ctiqa.benchmarking.as_text import all_images, columns
from ctiqa.benchmarking.cases import LeftOut, Reason
from ctiqa.benchmarking.measures import MEASURE, MEASURES, number
from ctiqa.benchmarking.page import benchmark_page, charts
from ctiqa.benchmarking.verdict import Code

ROOT = Path(__file__).parents[2]

WHEN = datetime(2026, 11, 26, tzinfo=UTC)


def page_of(found: Benchmark) -> str:
    return benchmark_page(found, "ctiqa benchmark --reference f --input l m", WHEN).decode()


def test_the_page_is_whole_and_fetches_nothing(found: Benchmark) -> None:
    text = page_of(found)
    page = read_page(text)
    assert page.links == []
    assert "nan" not in without_pictures(text).lower().replace("nand", "")
    assert len(page.images) == 3 * len(found.names)


def test_the_page_shows_every_number(found: Benchmark) -> None:
    text = html.unescape(page_of(found))
    for images in all_images(found):
        for measure in columns(found):
            if measure.key in images.means:
                assert f">{number(images.means[measure.key], measure)}</td>" in text
    assert "equivalent_noise_hu" not in {measure.key for measure in columns(found)}
    for method in found.methods:
        assert method.verdict.text in text
        assert all(each in text for each in method.verdict.rests_on)
    assert "ctiqa benchmark --reference f --input l m" in text


def test_charts_have_their_dots_in_place(found: Benchmark) -> None:
    drawn = {chart.measure.key: chart for chart in charts(found)}
    assert "equivalent_noise_hu" not in drawn
    for key, chart in drawn.items():
        for bar, method in zip(chart.bars, found.methods, strict=True):
            change = method.changes[key]
            assert change is not None
            assert 0 <= bar.low <= bar.place <= bar.high <= 100
            assert (bar.place > 50) == (change.value > 0) or abs(bar.place - 50) < 0.01
    tones = {bar.name: bar.tone for bar in drawn["psnr_db"].bars}
    assert tones == {"blur": "good"} | tones
    assert (tones["halfway"], tones["nothing"], tones["sharpen"]) == ("good", "", "bad")
    assert {bar.tone for bar in drawn["noise_hu"].bars} == {""}


def test_names_cannot_act_on_the_page_or_the_terminal(found: Benchmark) -> None:
    evil = replace(found.methods[0], name=f"{EVIL}\x1b[2J")
    changed = replace(
        found,
        methods=(evil, *found.methods[1:]),
        left_out=(LeftOut(EVIL, Path(f"{EVIL}.dcm"), 0, "missing", EVIL),),
        rules={EVIL: "order"},
    )
    text = page_of(changed)
    read_page(text)
    assert EVIL not in text
    assert html.escape(EVIL, quote=False)[:20] in text
    assert "\x1b" not in text + str(changed)


def test_what_is_left_out_is_listed(found: Benchmark) -> None:
    left_out = LeftOut("blur", Path("full/9.dcm"), 0, "missing", "there is no slice")
    changed = replace(found, left_out=(left_out,))
    assert "1 slice not compared: blur, missing" in str(changed)
    text = html.unescape(page_of(changed))
    assert "full/9.dcm" in text
    assert "Slices not compared" not in page_of(found)


def test_the_text_has_a_row_for_all_and_a_verdict_for_each(found: Benchmark) -> None:
    lines = str(found).splitlines()
    starts = [line.split()[0] for line in lines if line and line[0] != " "]
    assert starts[1:3] == ["reference", "input"]
    for method in found.methods:
        assert starts.count(method.name) == 1
        assert f"{method.name}: {method.verdict.text}" in lines
    assert all(len(line) <= 100 for line in lines if not line.startswith("Note"))


def test_json_holds_what_was_found(found: Benchmark) -> None:
    text = benchmark_as_json(found, "ctiqa benchmark", WHEN)
    read = json.loads(text, parse_constant=pytest.fail)
    assert (read["schema"], read["command"]) == (1, "ctiqa benchmark")
    assert [each["name"] for each in read["methods"]] == [each.name for each in found.methods]
    for written, method in zip(read["methods"], found.methods, strict=True):
        assert written["verdict"]["code"] == method.verdict.code
        for key, change in method.changes.items():
            if change is None:
                assert written["differences"][key] is None
            else:
                assert written["differences"][key]["value"] == round(change.value, 6)
    assert read["input"]["means"]["equivalent_noise_hu"] is None
    assert read["protocol"]["slices"] == SLICES


def test_json_is_valid_by_its_schema(found: Benchmark) -> None:
    file = ROOT / "src" / "ctiqa" / "benchmarking" / "benchmark.schema.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    left_out = LeftOut("blur", Path("9.dcm"), 0, "missing", "there is none")
    whole = replace(found, left_out=(left_out,), rules={"blur": "name"})
    read = json.loads(benchmark_as_json(whole, "", WHEN))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(read)] == []
    codes = schema["properties"]["methods"]["items"]["properties"]["verdict"]["properties"]["code"]
    assert codes["enum"] == [code.value for code in Code]
    reason = schema["properties"]["left_out"]["items"]["properties"]["reason"]
    assert reason["enum"] == [*get_args(Reason)]
    for values in (schema["$defs"]["values"], read["methods"][0]["differences"]):
        assert [*values.get("required", values)] == [*MEASURE]
    del read["methods"][0]["verdict"]["code"]
    assert not Draft202012Validator(schema).is_valid(read)


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    if isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_every_key_is_described(found: Benchmark) -> None:
    left_out = LeftOut("blur", Path("9.dcm"), 0, "missing", "there is none")
    read = json.loads(benchmark_as_json(replace(found, left_out=(left_out,)), "", WHEN))
    read["protocol"]["matched_by"] = {}
    text = (ROOT / "docs" / "how-to" / "benchmark-denoisers.md").read_text(encoding="utf-8")
    described = set(re.findall(r"`([\w]+)`", text))
    assert set(keys(read)) - described == set()


def test_the_page_on_the_command_tells_the_smallest_differences() -> None:
    text = (ROOT / "docs" / "how-to" / "benchmark-denoisers.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    for measure in MEASURES:
        assert f"{measure.least * measure.scale:g}" in rows, measure.key


def test_csv_has_a_row_for_every_image(found: Benchmark) -> None:
    rows = list(csv.DictReader(io.StringIO(slices_as_csv(found).decode())))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == SLICES * len(found.names)
    for name, images in zip(found.names, all_images(found), strict=True):
        own = [row for row in rows if row["set"] == name]
        for key in MEASURE:
            values = [float(row[key]) for row in own if row[key]]
            if key in images.means:
                assert math.fsum(values) / len(values) == pytest.approx(images.means[key], abs=1e-5)
            else:
                assert values == []


def test_a_spreadsheet_runs_no_name(found: Benchmark) -> None:
    evil = replace(found.methods[0], name="=1+1")
    text = slices_as_csv(replace(found, methods=(evil, *found.methods[1:]))).decode()
    assert ",'=1+1," in text
    assert ",=1+1," not in text


def test_three_files_are_written(found: Benchmark, tmp_path: Path) -> None:
    found.write(tmp_path / "new" / "folder", command="ctiqa benchmark")
    names = sorted(each.name for each in (tmp_path / "new" / "folder").iterdir())
    assert names == ["benchmark.json", "index.html", "slices.csv"]


def test_a_file_in_the_way_is_an_error(found: Benchmark, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="'out' must be a folder"):
        found.write(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disc_leaves_old_files_alone(
    found: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchmark.json").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError):
        found.write(tmp_path)
    assert (tmp_path / "benchmark.json").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["benchmark.json"]


def test_numbers_that_are_no_numbers_are_null(found: Benchmark) -> None:
    broken = replace(found.input, means={"ssim": math.nan})
    assert benchmark_as_dict(replace(found, input=broken))["input"]["means"]["ssim"] is None
