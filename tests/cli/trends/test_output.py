"""What ``ctiqa trends`` prints and writes, and of which scans."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars
import pytest
from tests.cli.trends.conftest import OUTLIERS, Call, content
from tests.diff.made import phantoms, write_scan
from tests.html_page import Page
from tests.store.postgres import PASSWORD, QUOTED, Server
from tests.trends.made import archive
from tests.trends_output.stored import store_of

from ctiqa.trends import trends
from ctiqa.trends.output.files import FILES


def test_the_summary_is_printed_and_nothing_is_written(
    call: Call, store: Path, empty: Path
) -> None:
    done = call("--store", store)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "ct.sqlite · 300 scans · 2026-01-05 to 2026-03-27 · ctiqa-made 1"
    outliers = next(k for k, line in enumerate(lines) if "outliers, the worst first" in line)
    groups = next(k for k, line in enumerate(lines) if line.startswith("group "))
    assert 0 < outliers < groups
    assert "Page:" not in done.out
    assert list(empty.iterdir()) == []


def test_all_files(call: Call, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call("--store", store, "--out", out)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1] == f"Page: {out / 'trends.html'}"
    assert {each.name for each in out.iterdir()} == set(FILES)
    Page((out / "trends.html").read_text(encoding="utf-8"))
    found = content(out)
    assert (found["n"], found["store"], found["limits"]) == (300, "ct.sqlite", None)
    assert found["command"].startswith("ctiqa trends --store ")
    with (out / "scans.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 300
    assert polars.read_parquet(out / "scans.parquet").height == 300


def test_quiet(call: Call, store: Path, tmp_path: Path) -> None:
    done = call("--store", store, "--out", tmp_path / "out", "--quiet")
    assert (done.status, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--where", "protocol=head"], OUTLIERS.filter(protocol="Head").height),
        (["--where", "protocol=head", "--where", "protocol=Thorax"], None),
        (
            ["--since", "2026-02-01"],
            OUTLIERS.filter(polars.col.study_day >= date(2026, 2, 1)).height,
        ),
        (
            ["--until", "2026-01-05"],
            OUTLIERS.filter(polars.col.study_day == date(2026, 1, 5)).height,
        ),
        (["--model", "ctiqa-made"], OUTLIERS.height),
        (["--until", "1999-01-01"], None),
    ],
)
def test_a_choice_of_scans(
    call: Call, store: Path, tmp_path: Path, words: list[str], count: int | None
) -> None:
    done = call("--store", store, "--out", tmp_path / "out", *words)
    if count is None:
        assert done.status == 4
        assert "widen --since, --until or --where" in done.err
        assert not (tmp_path / "out").exists()
    else:
        assert done.status == 0
        assert content(tmp_path / "out")["n"] == count


@pytest.mark.parametrize("uids", ["plain", "hashed"])
def test_pictures_of_outliers(call: Call, tmp_path: Path, uids: str) -> None:
    frame = archive(200, outliers=0.03)
    outliers = list(dict.fromkeys(each.series_uid for each in trends(frame).outliers))
    assert len(outliers) > 1
    files = tmp_path / "archive"
    write_scan(files / "one", phantoms(2, seed=1), outliers[0])
    store_of(frame, tmp_path / "ct.sqlite", uids=uids).close()
    words = ["--store", tmp_path / "ct.sqlite", "--out", tmp_path / "out", "--jobs", "1"]
    done = call(*words, "--thumbnails", files)
    assert done.status == 3
    missing = len(outliers) - 1
    assert f"{missing} of {len(outliers)} outliers have no picture" in done.err
    page = Page((tmp_path / "out" / "trends.html").read_text(encoding="utf-8"))
    assert len([each for each in page.images if each["src"].startswith("data:image/png")]) == 1
    everything = "".join(
        each.read_text(encoding="utf-8") for each in (tmp_path / "out").glob("trends.*")
    )
    assert (outliers[0] in everything) is (uids == "plain")
    for index, uid in enumerate(outliers[1:], 2):
        write_scan(files / str(index), phantoms(1, seed=index), uid)
    assert call(*words, "--thumbnails", files, "--quiet").status == 0


def test_a_store_of_months(call: Call, tmp_path: Path) -> None:
    months = archive(200).with_columns(polars.col("study_day").dt.month_start())
    store_of(months, tmp_path / "ct.sqlite", dates="month").close()
    for words in ([], ["--by", "month"]):
        done = call("--store", tmp_path / "ct.sqlite", "--out", tmp_path / "out", *words)
        assert done.status == 0, done.err
        assert content(tmp_path / "out")["every"] == "month"
    for by in ("day", "week"):
        done = call("--store", tmp_path / "ct.sqlite", "--by", by)
        assert done.status == 2
        assert "keeps only the months of studies; use --by month" in done.err


def test_no_password_in_any_output(call: Call, tmp_path: Path, server: Server) -> None:
    address = server.create("trends")
    store_of(archive(40), address).close()
    done = call("--store", address, "--out", tmp_path / "out")
    assert done.status == 0, done.err
    name = address.rpartition("@")[2]
    assert name in done.out.splitlines()[0]
    assert QUOTED in address
    for each in (tmp_path / "out").iterdir():
        assert QUOTED.encode() not in each.read_bytes()
        assert PASSWORD.encode() not in each.read_bytes()
    assert f"@{name}' " in content(tmp_path / "out")["command"]
