from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.evaluate.ablation.tiny_study import result

from ctiqa.evaluate.ablation.published import PUBLISHED_METRICS, published
from ctiqa.evaluate.ablation.results import VariantSummary, summaries_of
from ctiqa.evaluate.ablation.tables import table_markdown, write_tables


@pytest.fixture
def rows() -> list[VariantSummary]:
    return summaries_of([result("4 blocks", 0, 2.0), result("own", 0, 1.5)])


def test_published_metrics_stand_in_their_own_table(rows: list[VariantSummary]) -> None:
    text = table_markdown(rows, published("blocks"), {"command": "ctiqa ablate blocks"})
    measured, below = text.split("Published, not to be compared with the table above: ")
    lines = measured.splitlines()
    assert lines[0].endswith("MSE | overall, clipped | teacher |")
    assert lines[2].startswith("| 4 blocks | 2.000 (1.900-2.100) |")
    assert lines[2].endswith("| 0.500 | 2.013 |  |")
    assert "2.8070" not in measured
    source, _, head, _, row, *rest = below.splitlines()
    assert "Shen" in source
    assert "2 test patients of CCCIDB" in source
    assert head == "| | overall | PLCC | SROCC | KROCC | MAE | MSE |"
    assert row == "| 4 blocks | 2.8070 | 0.9916 | 0.9683 | 0.8471 | 0.0259 | 0.0010 |"
    assert "own" not in "".join(rest)
    assert "ctiqa ablate blocks" in text


def test_without_published_rows_there_is_no_second_table(rows: list[VariantSummary]) -> None:
    assert "ublished" not in table_markdown(rows, {}, {})


def test_published_rows_keep_the_order_of_the_measured_ones() -> None:
    rows = summaries_of([result(name, 0, 2.0) for name in ("beta 1", "beta 0")])
    text = table_markdown(rows, published("beta"), {})
    assert text.index("| 2.6699 |") < text.index("| 2.3926 |")


def test_tables_are_written(rows: list[VariantSummary], tmp_path: Path) -> None:
    files = write_tables(rows, published("blocks"), tmp_path, "blocks", {"date": "2026-01-01"})
    assert [file.suffix for file in files] == [".csv", ".json", ".md", ".png"]
    with files[0].open() as stream:
        table = list(csv.DictReader(stream))
    assert [row["variant"] for row in table] == ["4 blocks", "own"]
    assert float(table[0]["overall"]) == 2.0
    assert float(table[0]["overall_clipped"]) == 2.013
    theirs = published("blocks")["4 blocks"].by_name
    assert {name: float(table[0][f"published_{name}"]) for name in PUBLISHED_METRICS} == theirs
    assert {table[1][f"published_{name}"] for name in PUBLISHED_METRICS} == {""}
    stored = json.loads(files[1].read_text())
    assert stored["date"] == "2026-01-01"
    (only,) = stored["published"]
    assert {name: only[name] for name in PUBLISHED_METRICS} == theirs
    assert (only["variant"], "CCCIDB" in only["measured_on"]) == ("4 blocks", True)
    assert files[3].read_bytes().startswith(b"\x89PNG")
