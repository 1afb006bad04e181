from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.score.made import report, scan_score

from ctiqa.errors import OutputError, UsageError
from ctiqa.score.report import outputs
from ctiqa.score.report.outputs import WRITERS, check_outputs, write_outputs

CONTENT = report(scan_score([2.0]))


def test_every_suffix_is_written(tmp_path: Path) -> None:
    paths = [tmp_path / f"r{suffix}" for suffix in WRITERS] + [tmp_path / "UPPER.JSON"]
    check_outputs(paths, WRITERS)
    write_outputs(CONTENT, paths)
    assert all(path.stat().st_size > 0 for path in paths)
    assert json.loads(paths[-1].read_bytes())["schema"] == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("r.txt", r"r\.txt must end in \.json or \.csv or \.parquet"),
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
        check_outputs([tmp_path / name], WRITERS)


def test_folder_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="no permission"):
        check_outputs([tmp_path / "r.json"], WRITERS)


def test_parquet_needs_polars_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs polars"):
        check_outputs([tmp_path / "r.parquet"], WRITERS)


def test_full_disc_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.json"
    target.write_text("old")

    def full(handle: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_outputs(CONTENT, [target])
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
