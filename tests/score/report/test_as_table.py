from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import polars
import pytest
from tests.score.made import answered, report, scan_of, scan_score, skip

from ctiqa.errors import Reason, UsageError
from ctiqa.score.report.as_table import _COLUMNS, report_as_csv, report_as_parquet
from ctiqa.types import Skipped

CONTENT = report(scan_score([2.0, None], kernel="B40f", kvp=120.0), skipped=[skip()])


def test_csv_accounts_for_everything() -> None:
    rows = list(csv.DictReader(io.StringIO(report_as_csv(CONTENT).decode())))
    assert list(rows[0]) == list(_COLUMNS)
    assert [row["status"] for row in rows] == ["scored", "abstained", "skipped"]
    scored, abstained, skipped = rows
    assert (scored["score"], scored["low"], scored["high"]) == ("2.0", "1.5", "2.5")
    assert (scored["kernel"], scored["kvp"], scored["scored_by"]) == ("B40f", "120.0", "tiny 1.0")
    assert (abstained["score"], abstained["flags"], abstained["scan_score"]) == ("", "air", "2.0")
    assert (skipped["reason"], skipped["file"]) == ("localizer", "scout.dcm")


ANSWERS = ["equivalent_noise_hu", "scan_equivalent_noise_hu", "region", "findings"]


def test_all_answers_of_a_model_are_in_the_table() -> None:
    metal = answered(2.0, 0, noise_hu=4.0, findings=("metal", "sharp kernel"))
    content = report(scan_of(metal, answered(3.0, 1, noise_hu=9.0, region="abdomen")))
    cells = [(4.0, 6.0, "chest", "metal; sharp kernel"), (9.0, 6.0, "abdomen", "")]
    table = polars.read_parquet(io.BytesIO(report_as_parquet(content)))
    assert table.select(ANSWERS).rows() == cells
    rows = csv.DictReader(io.StringIO(report_as_csv(content).decode()))
    assert [[row[name] for name in ANSWERS] for row in rows] == [
        [str(cell) for cell in row] for row in cells
    ]


def test_what_a_model_does_not_answer_is_empty() -> None:
    rows = csv.DictReader(io.StringIO(report_as_csv(CONTENT).decode()))
    assert {row[name] for row in rows for name in ANSWERS} == {""}


@pytest.mark.parametrize(
    "kernel", ["=1+1", "+1", "-1", "@A1", " =1+1", "   @A1", "＝1+1", "＠A1", "﹣1", "'=1"]
)
def test_csv_holds_no_formulas(kernel: str) -> None:
    content = report_as_csv(report(scan_score([2.0], kernel=kernel))).decode()
    (row,) = csv.DictReader(io.StringIO(content))
    assert row["kernel"] == f"'{kernel}"


@pytest.mark.parametrize("kernel", ["\t=1", "\r\n=1", "\u00a0=1", "\u2003+1", "\ufeff=1"])
def test_csv_holds_no_formulas_behind_blanks(kernel: str) -> None:
    content = report_as_csv(report(scan_score([2.0], kernel=kernel))).decode()
    (row,) = csv.DictReader(io.StringIO(content))
    assert row["kernel"].startswith("'")
    assert row["kernel"].isprintable()


def test_every_text_of_a_table_is_fit_to_be_shown() -> None:
    hostile = "a\x1b[2J\x00\u202e\n\ud800b"
    content = report(
        scan_score([1.0], name=hostile, kernel=hostile),
        skipped=[Skipped(Path(hostile), Reason.CORRUPT, hostile)],
    )
    rows = csv.reader(io.StringIO(report_as_csv(content).decode()))
    cells = polars.read_parquet(io.BytesIO(report_as_parquet(content))).rows()
    assert all(cell.isprintable() for row in rows for cell in row)
    assert all(str(cell).isprintable() for row in cells for cell in row)


def test_csv_keeps_negative_positions_as_numbers() -> None:
    scan = scan_score([2.0, 2.0])
    content = report(scan)
    rows = list(csv.DictReader(io.StringIO(report_as_csv(content).decode())))
    assert [float(row["z_mm"]) for row in rows] == [0.0, 5.0]


def test_parquet_holds_the_same_with_types() -> None:
    table = polars.read_parquet(io.BytesIO(report_as_parquet(CONTENT)))
    assert table.columns == list(_COLUMNS)
    assert table["status"].to_list() == ["scored", "abstained", "skipped"]
    assert table["score"].to_list() == [2.0, None, None]
    assert table.schema["kvp"] == polars.Float64
    assert table.schema["frame"] == polars.Int64


def test_parquet_of_nothing_has_its_columns() -> None:
    assert polars.read_parquet(io.BytesIO(report_as_parquet(report()))).columns == list(_COLUMNS)


def test_parquet_without_polars_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(UsageError, match=r"pip install 'ctiqa\[parquet\]'"):
        report_as_parquet(CONTENT)
