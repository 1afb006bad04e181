"""What is wrong with a file becomes one sentence that says what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from tests.store import made
from tests.store.faults import filled, refused

from ctiqa.errors import DataError, OutputError
from ctiqa.store import Run, Store, open_store

READ_ONLY = """
import os, sys
from ctiqa.errors import OutputError
from ctiqa.store import open_store
open_store(sys.argv[2]).close()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    open_store(sys.argv[1])
except OutputError as error:
    print(error)
"""
"""Opens a store as a user without rights, after loading everything with another one."""


def on_connect(store: Store, statement: str) -> None:
    """Run a statement on every new connection of a store."""

    def run(connection: Any, _: object) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)

    store._engine.dispose()
    event.listen(store._engine, "connect", run)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    file = tmp_path / "ct.sqlite"
    file.write_bytes(b"this is a letter to my bank\n" * 100)
    with refused(DataError, "is not an SQLite file"):
        open_store(file)
    assert file.read_bytes().startswith(b"this is a letter")
    assert os.listdir(tmp_path) == ["ct.sqlite"]  # noqa: PTH208


def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "bookmarks.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE scans (name TEXT)")
        connection.commit()
    before = file.read_bytes()
    with refused(DataError, "of another program"):
        open_store(file)
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["bookmarks.sqlite"]  # noqa: PTH208


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "ct.sqlite").touch()
    assert filled(tmp_path / "ct.sqlite")


@pytest.mark.parametrize("place", ["none/ct.sqlite", ".", "loop/ct.sqlite", "x" * 300 + "/ct"])
def test_a_file_that_cannot_be_there(tmp_path: Path, place: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with refused(OutputError, "must be a file in an existing folder"):
        open_store(tmp_path / place)
    assert [each.name for each in tmp_path.iterdir()] == ["loop"]


@pytest.mark.parametrize("name", ["loop", "x" * 300])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with refused(OutputError, "must be writable"):
        open_store(tmp_path / name)


@pytest.mark.parametrize("start", [0, 100, 4096], ids=["head", "first page", "second page"])
def test_a_damaged_file(tmp_path: Path, start: int) -> None:
    file = tmp_path / "ct.sqlite"
    filled(file, 30)
    data = bytearray(file.read_bytes())
    data[start : start + 8000] = b"\xa5" * 8000
    file.write_bytes(bytes(data))

    def use() -> None:
        with open_store(file) as store:
            store.digest()
            store.scans()

    with refused(DataError, "is damaged|is not an SQLite file"):
        use()
    assert file.read_bytes() == bytes(data)


def test_a_full_disk(tmp_path: Path) -> None:
    with open_store(tmp_path / "ct.sqlite") as store:
        on_connect(store, "PRAGMA max_page_count = 60")
        stored = 0
        with refused(OutputError, "the disk is full"):
            for report in made.reports(500):
                stored += store.add(report, Run())
        assert 0 < stored < 500
    with open_store(tmp_path / "ct.sqlite") as store:
        assert store.scans().height == stored
        assert store.slices().height == 3 * stored


def test_a_disk_that_is_full_from_the_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.store.database.connect.PRAGMAS", ("max_page_count = 2",))
    with refused(OutputError, "the disk is full"):
        open_store(tmp_path / "ct.sqlite")
    monkeypatch.undo()
    assert filled(tmp_path / "ct.sqlite")


def test_a_file_that_only_allows_reading(tmp_path: Path) -> None:
    digest = filled(tmp_path / "ct.sqlite")
    with open_store(tmp_path / "ct.sqlite") as store:
        on_connect(store, "PRAGMA query_only = ON")
        with refused(OutputError, "must be writable"):
            store.add(made.report(made.scan_score("1.2.99")), Run())
        assert store.digest() == digest


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="there are no users here")
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_a_file_without_permission(tmp_path_factory: pytest.TempPathFactory, locked: str) -> None:
    folder = tmp_path_factory.mktemp("locked")
    filled(folder / "ct.sqlite")
    for parent in folder.parents:
        if any(part.startswith("pytest-of-") for part in parent.parts):
            parent.chmod(0o755)
    (folder / "ct.sqlite").chmod(0o444 if locked == "file" else 0o666)
    folder.chmod(0o777 if locked == "file" else 0o555)
    files = [str(folder / "ct.sqlite"), str(tmp_path_factory.mktemp("free") / "ct.sqlite")]
    program = [sys.executable, "-c", READ_ONLY, *files]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    folder.chmod(0o755)
    assert "must be writable; ask for permission" in done.stdout


def test_a_file_that_another_process_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "ct.sqlite")
    monkeypatch.setattr("ctiqa.store.database.connect.WAIT_S", 0.05)
    with (
        open_store(tmp_path / "ct.sqlite") as store,
        closing(sqlite3.connect(tmp_path / "ct.sqlite", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with refused(OutputError, "another process is writing.*use PostgreSQL"):
            store.add(made.report(made.scan_score()), Run())
        assert store.scans().height == 3
        other.execute("ROLLBACK")
        assert store.add(made.report(made.scan_score()), Run()) == 1


def test_readers_do_not_wait_for_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = filled(tmp_path / "ct.sqlite")
    monkeypatch.setattr("ctiqa.store.database.connect.WAIT_S", 0.05)
    with closing(sqlite3.connect(tmp_path / "ct.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_store(tmp_path / "ct.sqlite") as store:
            assert store.digest() == digest
            assert store.scans().height == 3
