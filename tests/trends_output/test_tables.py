"""One row per scan, as CSV and Parquet."""

from __future__ import annotations

import csv
import io
import math

import polars
import pytest
from polars.testing import assert_frame_equal
from tests.trends.made import archive

from ctiqa.trends import SCAN_COLUMNS, Trends, trends
from ctiqa.trends.output.tables import scans_as_csv, scans_as_parquet


@pytest.fixture(scope="module")
def found() -> Trends:
    frame = archive(120)
    evil = [f"=HYPERLINK({k})" if k % 2 else "Br\x1b[2J\u202e40" for k in range(frame.height)]
    reserve = [math.inf, *[0.123456789] * (frame.height - 1)]
    return trends(
        frame.with_columns(polars.Series("kernel", evil), polars.Series("dose_reserve", reserve))
    )


def rows(found: Trends) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(scans_as_csv(found).decode(), newline="")))


def test_one_row_a_scan_with_all_columns(found: Trends) -> None:
    table = rows(found)
    assert [row["series_uid"] for row in table] == found.scans["series_uid"].to_list()
    assert tuple(table[0]) == SCAN_COLUMNS
    for name in ("percentile", "score_percentile"):
        read = [float(row[name]) if row[name] else None for row in table]
        wanted = [None if each is None else round(each, 6) for each in found.scans[name]]
        assert read == wanted
    assert [int(row["n_comparable"]) for row in table] == found.scans["n_comparable"].to_list()
    assert table[0]["study_day"] == str(found.scans["study_day"][0])
    assert {row["filtered"] for row in table} <= {"True", "False", ""}


def test_nothing_runs_as_a_formula_or_controls_a_terminal(found: Trends) -> None:
    kernels = {row["kernel"] for row in rows(found)}
    assert all(each.startswith(("'=HYPERLINK(", "Br\ufffd[2J\ufffd40")) for each in kernels)
    assert len(kernels) > 2
    text = scans_as_csv(found).decode()
    assert "\x1b" not in text
    assert "\x1b" not in "".join(polars.read_parquet(scans_as_parquet(found))["kernel"])


def test_unknown_and_infinite_numbers(found: Trends) -> None:
    table = rows(found)
    reserves = [row["dose_reserve"] for row in table]
    assert sorted(set(reserves)) == ["0.123457", "inf"]
    doses = found.scans["ctdivol_mgy"]
    assert doses.null_count() > 0
    assert [row["ctdivol_mgy"] == "" for row in table] == doses.is_null().to_list()


def test_parquet_has_types_and_all_digits(found: Trends) -> None:
    read = polars.read_parquet(scans_as_parquet(found))
    assert_frame_equal(read.drop("kernel"), found.scans.drop("kernel"), check_exact=True)
    assert read.schema["study_day"] == polars.Date


def test_a_table_of_no_scans(found: Trends) -> None:
    empty = trends(archive(1).clear())
    assert rows(empty) == []
    assert scans_as_csv(empty).decode().startswith("series_uid,study_day,")
    assert polars.read_parquet(scans_as_parquet(empty)).columns == list(SCAN_COLUMNS)
