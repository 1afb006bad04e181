"""Reading a store never makes one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from tests.store.made import report, scan_score

from ctiqa.errors import CtiqaError, DataError, NothingToDoError
from ctiqa.store import Run, open_store
from ctiqa.store.database.address import parse_address
from ctiqa.store.existing import open_existing_store


def test_a_store_that_exists_is_opened(address: str) -> None:
    with open_store(address, uids="hashed") as store:
        store.add(report(scan_score()), Run("test"))
    with open_existing_store(address) as store:
        assert store.scans().height == 1
        assert store.uids == "hashed"


def test_nothing_is_created(address: str) -> None:
    with pytest.raises(NothingToDoError, match=r"there is no store .*ctiqa survey"):
        open_existing_store(address)
    parsed = parse_address(address)
    if parsed.file is not None:
        assert not parsed.file.exists()
    else:
        engine = sqlalchemy.create_engine(parsed.url)
        assert sqlalchemy.inspect(engine).get_table_names() == []
        engine.dispose()


def test_an_empty_file_and_an_empty_database_are_no_stores(tmp_path: Path) -> None:
    nothing, empty = tmp_path / "0.sqlite", tmp_path / "1.sqlite"
    nothing.touch()
    with closing(sqlite3.connect(empty)) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("DROP TABLE t")
        database.commit()
    assert empty.stat().st_size
    before = empty.read_bytes()
    for file in (nothing, empty):
        with pytest.raises(NothingToDoError, match="there is no store"):
            open_existing_store(file)
    assert (nothing.read_bytes(), empty.read_bytes()) == (b"", before)
    assert {each.name for each in tmp_path.iterdir()} == {"0.sqlite", "1.sqlite"}


def test_what_is_no_store_is_explained(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other"
    text.write_text("hello, this is no database, but a text of more than a few words" * 99)
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE t (x)")
    for file in (text, other):
        before = file.read_bytes()
        with pytest.raises(DataError):
            open_existing_store(file)
        assert file.read_bytes() == before
    with pytest.raises(CtiqaError):
        open_existing_store(tmp_path)
