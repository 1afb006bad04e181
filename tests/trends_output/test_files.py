"""The folder with page, tables and JSON."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.html_page import EVIL, Page
from tests.trends.made import archive

from ctiqa.errors import CtiqaError, OutputError, UsageError
from ctiqa.trends import Trends, trends
from ctiqa.trends.output import files
from ctiqa.trends.output.files import FILES, check_trends_folder, write_trends


@pytest.fixture(scope="module")
def found() -> Trends:
    return trends(archive(60))


def test_all_files_with_fixed_names(found: Trends, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write_trends(folder, found, command=f"ctiqa trends {EVIL}")
    assert {each.name for each in folder.iterdir()} == set(FILES)
    page = (folder / "trends.html").read_text(encoding="utf-8")
    assert Page(page).counts["h1"] == 1
    assert EVIL not in page
    assert b'"schema": 1' in (folder / "trends.json").read_bytes()
    before = (folder / "scans.csv").read_bytes()
    (folder / "scans.csv").write_text("old")
    write_trends(folder, found)
    assert (folder / "scans.csv").read_bytes() == before


def test_all_are_made_before_one_is_written(
    found: Trends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(files, "trends_as_json", fail)
    with pytest.raises(MemoryError):
        write_trends(tmp_path / "out", found)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.touch()
    with pytest.raises(UsageError, match="'out' must be a folder"):
        check_trends_folder(file)
    with pytest.raises(CtiqaError):
        check_trends_folder(file / "below")


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "scans.csv").mkdir()
    with pytest.raises(UsageError, match=r"scans\.csv' must not be a folder"):
        check_trends_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="must be a writable folder"):
        check_trends_folder(tmp_path / "out")
