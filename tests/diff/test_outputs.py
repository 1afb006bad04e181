"""JSON, CSV and page of a comparison."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.diff.made import measured_scan, measured_slice
from tests.html_page import EVIL, read_page

from ctiqa.diff.differences import differences_of
from ctiqa.diff.kinds import kinds_of, notes_on
from ctiqa.diff.left_out import left_out_lines, not_read
from ctiqa.diff.matching.along_z import match_positions
from ctiqa.diff.matching.relation import Relation
from ctiqa.diff.measures import MEASURES
from ctiqa.diff.report import outputs
from ctiqa.diff.report.as_csv import COLUMNS, pairs_as_csv
from ctiqa.diff.report.as_json import comparison_as_dict, comparison_as_json
from ctiqa.diff.report.charts import charts_of
from ctiqa.diff.report.page import comparison_page
from ctiqa.diff.result import Comparison
from ctiqa.diff.verdict import judge
from ctiqa.errors import OutputError, Reason, UsageError
from ctiqa.types import Acquisition, Skipped, SliceScore

NOW = datetime(2026, 11, 26, 9, 0).astimezone()
DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "compare-scans.md"


def compared(a: list[SliceScore], b: list[SliceScore]) -> Comparison:
    found = match_positions(a, b)
    skipped = (Skipped(Path("scout.dcm"), Reason.LOCALIZER, "'ImageType' says LOCALIZER"),)
    one, two = measured_scan("A", a), measured_scan("B", b, skipped)
    kinds = kinds_of(found, one.score, two.score, Relation.SAME_FRAME)
    differences = differences_of(found, a, b)
    return Comparison(
        a=one,
        b=two,
        found=found,
        kinds=kinds,
        differences=differences,
        verdict=judge(differences, kinds),
        notes=notes_on(kinds, found, a, b),
    )


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    a = [measured_slice(k, quantum_noise_hu=10.0 + k % 2) for k in range(8)]
    b = [
        measured_slice(
            k, quantum_noise_hu=14.0 + k % 3, acquisition=Acquisition(kernel=f"{EVIL}\x1b[2J")
        )
        for k in range(1, 8)
    ]
    return compared(a, [*b, measured_slice(8, score=None)])


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    if isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_json(comparison: Comparison) -> None:
    content = json.loads(comparison_as_json(comparison, "ctiqa diff a b", NOW))
    assert (content["schema"], content["command"]) == (1, "ctiqa diff a b")
    assert (content["a"]["series_uid"], content["b"]["n_slices"]) == ("1.2.A", 8)
    assert content["b"]["skipped"][0]["reason"] == "localizer"
    noise = content["differences"]["quantum_noise_hu"]
    assert noise["kind"] == "ratio"
    assert noise["value"] == pytest.approx(noise["b"] / noise["a"], rel=1e-4)
    assert noise["low"] < noise["value"] < noise["high"]
    assert (noise["shown"], noise["n"]) == (1, 7)
    assert content["differences"]["score"]["kind"] == "difference"
    assert content["differences"]["ctdivol_mgy"]["why"] == "the files do not state CTDIvol"
    assert len(content["pairs"]) == 7
    assert content["pairs"][0] == {
        "a": 1,
        "b": 0,
        "a_z_mm": 5.0,
        "b_z_mm": 5.0,
        "a_region": "chest",
        "b_region": "chest",
    }
    assert [(each["scan"], each["reason"]) for each in content["left_out"]] == [
        ("a", "outside"),
        ("b", "not_scored"),
    ]
    assert content["verdict"]["code"] == "more_noise"


def test_every_key_is_described(comparison: Comparison) -> None:
    described = {
        name.rpartition(".")[2].removesuffix("[]")
        for name in re.findall(r"`([\w.\[\]]+)`", DOCS.read_text(encoding="utf-8"))
    }
    made = json.loads(comparison_as_json(comparison, "", NOW))
    for scan in ("a", "b"):
        made[scan].pop("acquisition")
    assert set(keys(made)) - described == set()


def test_csv(comparison: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(pairs_as_csv(comparison).decode())))
    assert len(rows) == 7
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["a_z_mm"], rows[0]["a_file"], rows[0]["b_file"]) == (
        "5.0",
        "001.dcm",
        "001.dcm",
    )
    found = comparison.differences["quantum_noise_hu"]
    ratios = [float(row["b_quantum_noise_hu"]) / float(row["a_quantum_noise_hu"]) for row in rows]
    assert sum(map(math.log, ratios)) / 7 == pytest.approx(found.value)


def test_the_page_says_the_same_and_is_safe(comparison: Comparison) -> None:
    page = comparison_page(comparison, "ctiqa diff a b", NOW).decode()
    read_page(page)
    for sentence in comparison.verdict.sentences:
        assert sentence in page
    assert "<script>" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page
    for measure in MEASURES:
        assert measure.title in page
    for line in left_out_lines(*comparison.scans, comparison.found):
        assert line in page
    assert not_read(comparison.b.skipped) in page


def test_charts_have_both_scans(comparison: Comparison) -> None:
    charts = {chart.measure.key: chart for chart in charts_of(comparison)}
    assert set(charts) == {"score", "equivalent_noise_hu", "quantum_noise_hu"}
    noise = charts["quantum_noise_hu"]
    assert all(line.count("L") == 6 for line in noise.lines)
    assert (noise.ticks[0], noise.ticks[-1]) == (("0", 100.0), ("20", 0.0))
    assert (noise.start, noise.end) == ("z 5 mm", "z 35 mm")


def test_scores_at_the_top_have_no_chart_and_one_slice_is_a_dot() -> None:
    one = compared([measured_slice(0, score=4.0)], [measured_slice(0, score=3.98)])
    charts = charts_of(one)
    assert [chart.measure.key for chart in charts] == ["equivalent_noise_hu", "quantum_noise_hu"]
    assert charts[0].lines == ("", "")
    assert [len(dots) for dots in charts[0].dots] == [1, 1]
    read_page(comparison_page(one, "", NOW).decode())


def test_files(comparison: Comparison, tmp_path: Path) -> None:
    for suffix in ("json", "csv", "html"):
        comparison.write(tmp_path / f"d.{suffix}", command="ctiqa diff")
    assert json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))["schema"] == 1
    with pytest.raises(UsageError, match=r"must end in \.json or \.csv"):
        comparison.write(tmp_path / "d.parquet")
    with pytest.raises(UsageError, match="there is no folder"):
        comparison.write(tmp_path / "gone" / "d.json")
    assert issubclass(OutputError, OSError)


def test_no_file_is_written_before_all_are_made(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setitem(outputs.FORMATS, ".html", broken)
    with pytest.raises(KeyboardInterrupt):
        outputs.write_outputs(comparison, [tmp_path / "d.json", tmp_path / "d.html"], "")
    assert list(tmp_path.iterdir()) == []


def test_reasons_are_summed_up(comparison: Comparison) -> None:
    assert left_out_lines(*comparison.scans, comparison.found) == [
        "1 slice of A not compared: the other scan has no slice at this position",
        "1 slice of B not compared: not scored (1 chest)",
    ]
    assert not comparison.is_complete


def test_numbers_are_finite(comparison: Comparison) -> None:
    json.dumps(comparison_as_dict(comparison), allow_nan=False)
