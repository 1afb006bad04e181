"""What a survey writes into the folder that it surveys is not surveyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.archive.made import write_archive
from typer.testing import CliRunner

from ctiqa.archive.listing import Listed, without_own
from ctiqa.archive.unit import Entry
from ctiqa.cli.app import app


def test_databases_have_more_than_one_file() -> None:
    names = ["s.sqlite", "s.sqlite-wal", "s.sqlite-shm", "s.sqlite2", "p/1", "p/q/2", "pp/1", "o"]
    listed = [Listed(Entry(f"/a/{name}", ""), "/a") for name in names]
    left = without_own(listed, ["/a/b/../s.sqlite", "/a/p/", "/a/o"])
    assert [each.entry.name for each in left] == ["/a/s.sqlite2", "/a/pp/1"]


@pytest.mark.parametrize("shard", [False, True])
def test_a_second_survey_finds_nothing_new(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, shard: bool
) -> None:
    monkeypatch.chdir(write_archive(tmp_path / "archive", 2))
    how = ["--shard", "1/1", "--parts", "parts"] if shard else ["--store", "ct.sqlite"]
    command = ["survey", ".", *how, "--out", "o.json", "--skipped", "s.csv"]
    for line in ("Files    4 listed, 0 unchanged", "Files    4 listed, 4 unchanged"):
        done = CliRunner().invoke(app, [*command, "--model", str(model), "--jobs", "1"])
        assert (done.exit_code, done.output.count(line)) == (0, 1), done.output
