from __future__ import annotations

import csv
import io
import sys

import polars
import pytest
from tests.score.made import report, scan_score, skip

from ctiqa.errors import UsageError
from ctiqa.score.report_table import COLUMNS, report_as_csv, report_as_parquet

CONTENT = report(scan_score([2.0, None], kernel="B40f", kvp=120.0), skipped=[skip()])


def test_csv_accounts_for_everything() -> None:
    rows = list(csv.DictReader(io.StringIO(report_as_csv(CONTENT).decode())))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["status"] for row in rows] == ["scored", "abstained", "skipped"]
    scored, abstained, skipped = rows
    assert (scored["score"], scored["low"], scored["high"]) == ("2.0", "1.5", "2.5")
    assert (scored["kernel"], scored["kvp"], scored["scored_by"]) == ("B40f", "120.0", "tiny 1.0")
    assert (abstained["score"], abstained["flags"], abstained["scan_score"]) == ("", "air", "2.0")
    assert (skipped["reason"], skipped["file"]) == ("localizer", "scout.dcm")


@pytest.mark.parametrize("kernel", ["=1+1", "+1", "-1", "@A1"])
def test_csv_holds_no_formulas(kernel: str) -> None:
    content = report_as_csv(report(scan_score([2.0], kernel=kernel))).decode()
    (row,) = csv.DictReader(io.StringIO(content))
    assert row["kernel"] == f"'{kernel}"


def test_csv_keeps_negative_positions_as_numbers() -> None:
    scan = scan_score([2.0, 2.0])
    content = report(scan)
    rows = list(csv.DictReader(io.StringIO(report_as_csv(content).decode())))
    assert [float(row["z_mm"]) for row in rows] == [0.0, 5.0]


def test_parquet_holds_the_same_with_types() -> None:
    table = polars.read_parquet(io.BytesIO(report_as_parquet(CONTENT)))
    assert table.columns == list(COLUMNS)
    assert table["status"].to_list() == ["scored", "abstained", "skipped"]
    assert table["score"].to_list() == [2.0, None, None]
    assert table.schema["kvp"] == polars.Float64
    assert table.schema["frame"] == polars.Int64


def test_parquet_of_nothing_has_its_columns() -> None:
    assert polars.read_parquet(io.BytesIO(report_as_parquet(report()))).columns == list(COLUMNS)


def test_parquet_without_polars_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(UsageError, match=r"pip install 'ctiqa\[parquet\]'"):
        report_as_parquet(CONTENT)
