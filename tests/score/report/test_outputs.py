from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import polars
import pytest
from tests.score.made import image, report, scan_score

from ctiqa.errors import OutputError, UsageError
from ctiqa.io import ReadOptions
from ctiqa.score.report import as_html
from ctiqa.score.report.outputs import FORMATS, OutputFormat, check_outputs
from ctiqa.score.report.report import Report
from ctiqa.types import Slice, SliceHeader

CONTENT = report(scan_score([2.0]))


def test_every_suffix_is_written(tmp_path: Path) -> None:
    paths = [tmp_path / f"r{suffix}" for suffix in FORMATS] + [tmp_path / "UPPER.JSON"]
    check_outputs(paths)
    for path in paths:
        CONTENT.write(path)
    assert all(path.stat().st_size > 0 for path in paths)
    assert json.loads(paths[-1].read_bytes())["schema"] == 1


def test_a_report_is_what_its_suffix_says(tmp_path: Path) -> None:
    CONTENT.write(str(tmp_path / "r.csv"))
    CONTENT.write(tmp_path / "r.html")
    assert (tmp_path / "r.csv").read_text().startswith("status,file,frame")
    assert polars.read_csv(tmp_path / "r.csv")["score"].to_list() == [2.0]
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


def test_a_page_reads_its_slices_as_they_were_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def read(header: SliceHeader, options: ReadOptions) -> Slice:
        asked.append(options)
        return image()

    monkeypatch.setattr(as_html, "read_slice", read)
    vouched = ReadOptions(tiff_hu=True)
    Report(CONTENT.model, CONTENT.scans, (), vouched).write(tmp_path / "r.html")
    assert set(asked) == {vouched}
    assert "data:image/png" in (tmp_path / "r.html").read_text()


def test_one_line_in_the_table_is_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, ".txt", OutputFormat(lambda each: str(each.model).encode()))
    CONTENT.write(tmp_path / "r.txt")
    assert (tmp_path / "r.txt").read_text() == str(CONTENT.model)


@pytest.mark.parametrize("name", ["r.xlsx", "report", "r.json.gz"])
def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.json or \.csv or \.parquet or \.html or \.htm$"):
        CONTENT.write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("r.txt", r"r\.txt must end in \.json or \.csv or \.parquet or \.html or \.htm$"),
        ("noend", "must end in"),
        ("folder.json", "cannot be written: it is a folder"),
        ("nowhere/r.json", "there is no folder .*nowhere"),
        ("file.json/r.json", r"there is no folder .*file\.json"),
    ],
)
def test_impossible_outputs_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file.json").write_text("{}")
    with pytest.raises(UsageError, match=message):
        check_outputs([tmp_path / name])


def test_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="no permission"):
        check_outputs([tmp_path / "r.json"])


def test_a_file_that_another_program_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(path: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "r.csv").write_text("old")
    check_outputs([tmp_path / "r.csv"])
    monkeypatch.setattr(Path, "open", held)
    with pytest.raises(UsageError, match=r"cannot be written: .* another program has it open"):
        check_outputs([tmp_path / "r.csv"])


def test_parquet_needs_polars_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.system.extras.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs polars, .* pip install 'ctiqa\[parquet\]'"):
        check_outputs([tmp_path / "r.parquet"])


def test_full_disc_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.json"
    target.write_text("old")

    def full(handle: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        CONTENT.write(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
