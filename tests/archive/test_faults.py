"""Stores that cannot be written: one clear error, nothing lost, and the next survey goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.archive.made import Surveyor, uid, write_archive
from tests.store.test_faults_of_files import on_connect

from ctiqa.errors import DataError, OutputError
from ctiqa.store import Store

SERIES, COUNT = 4, 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", SERIES, COUNT)


def pages_of(address: str) -> int:
    """Number of pages of a database."""
    with closing(sqlite3.connect(address)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        return int(pages)


def fails(
    survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch, pragma: str, sentence: str
) -> int:
    """Survey into a store that fails after the first series; returns how many are stored."""
    put, calls = Store.put, []

    def put_until(self: Store, *words: Any) -> int:
        calls.append(words)
        if len(calls) == 3:
            on_connect(self, f"PRAGMA {pragma.format(pages=pages_of(survey.address))}")
        return put(self, *words)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", put_until)
        with pytest.raises(OutputError, match=sentence):
            survey(root)
    return len(survey.scored) - 1


def goes_on(survey: Surveyor, root: Path, stored: int, tmp_path: Path) -> None:
    """What was stored is kept, and the next survey does the rest and no more."""
    assert 1 <= stored < SERIES
    assert survey.frame()["series_uid"].to_list() == [uid(number) for number in range(stored)]
    assert survey.frame("slices").height == COUNT * stored
    assert survey(root).stored == SERIES - stored
    assert len(survey.scored) == SERIES - stored
    other = Surveyor(str(tmp_path / "other.sqlite"), survey.scorer)
    other(root)
    assert other.digest() == survey.digest()


def test_a_full_disk(survey: Surveyor, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full when hundreds of skipped files are to be stored, after the series."""
    for number in range(400):
        (root / f"{number}.txt").write_text("Dear colleague")
    full = "max_page_count = {pages}"
    fails(survey, root, monkeypatch, full, r"the disk is full.*was stored before is kept")
    assert survey.frame().height == SERIES
    assert survey.frame("skipped").height == 0
    done = survey(root)
    assert (done.stored, done.unchanged) == (0, SERIES * COUNT)
    assert len(done.skipped) == survey.frame("skipped").height == 400
    assert survey(root).is_complete


def test_a_store_that_becomes_read_only(
    survey: Surveyor, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = fails(survey, root, monkeypatch, "query_only = ON", "must be writable")
    goes_on(survey, root, stored, tmp_path)


def test_a_locked_store(
    survey: Surveyor, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey(root / "s0")
    monkeypatch.setattr("ctiqa.store.database.connect.WAIT_S", 0.05)
    with closing(sqlite3.connect(survey.address, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match=r"another process is writing.*use PostgreSQL"):
            survey(root)
        other.execute("ROLLBACK")
    goes_on(survey, root, 1, tmp_path)


def test_a_store_of_a_newer_version(survey: Surveyor, root: Path) -> None:
    survey(root / "s0")
    with closing(sqlite3.connect(survey.address)) as connection:
        connection.execute("UPDATE ctiqa_schema SET version_num = '9999'")
        connection.commit()
    before = Path(survey.address).read_bytes()
    with pytest.raises(DataError, match="newer"):
        survey(root)
    assert survey.scored == []
    assert Path(survey.address).read_bytes() == before
