"""The database is looked at, and not changed."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.clinic.config.checks.made import Found, config, found

from ctiqa.clinic.config.checks.database import check_database
from ctiqa.store import open_store


def checked(folder: Path, **store: str) -> Found:
    return found(check_database(config(folder, store=store)))


def test_no_store_yet(tmp_path: Path) -> None:
    state, sentence = checked(tmp_path)["store.address"]
    assert (state, "will be created at start" in sentence) == ("ok", True)
    assert list(tmp_path.iterdir()) == []


def test_a_store(address: str, tmp_path: Path) -> None:
    open_store(address).close()
    assert checked(tmp_path, address=address)["store.address"][0] in ("ok", "warning")
    checks = list(check_database(config(tmp_path, store={"address": address})))
    assert checks[-1].state == "ok"
    assert "can be reached" in checks[-1].sentence


def test_a_database_without_tables(postgres: object, tmp_path: Path) -> None:
    address = postgres.create("empty")  # type: ignore[attr-defined]
    checks = list(check_database(config(tmp_path, store={"address": address})))
    assert [each.state for each in checks] == ["warning", "ok"]
    assert "password_file" in checks[0].sentence
    assert "its tables will be created at start" in checks[1].sentence
    again = list(check_database(config(tmp_path, store={"address": address})))
    assert again == checks


@pytest.mark.parametrize(
    ("version", "state", "says"),
    [("0001", "note", "make a backup"), ("9999", "broken", "update ctiqa")],
)
def test_versions(version: str, state: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "ct.sqlite"
    open_store(file).close()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE ctiqa_schema SET version_num = ?", (version,))
    got, sentence = checked(tmp_path)["store.address"]
    assert (got, says in sentence) == (state, True)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT version_num FROM ctiqa_schema").fetchone() == (version,)


def test_a_database_of_another_program(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ct.sqlite")) as database, database:
        database.execute("CREATE TABLE jobs (a)")
    assert checked(tmp_path)["store.address"][0] == "broken"


def test_no_server(tmp_path: Path) -> None:
    with socket.socket() as stream:
        stream.bind(("127.0.0.1", 0))
        port = stream.getsockname()[1]
    checks = checked(tmp_path, address=f"postgresql://me@127.0.0.1:{port}/ct")
    state, sentence = checks["store.address"]
    assert (state, "whether the server runs" in sentence) == ("broken", True)


def test_settings_that_differ_from_those_of_the_store(tmp_path: Path) -> None:
    open_store(tmp_path / "ct.sqlite", uids="hashed").close()
    checks = checked(tmp_path, uids="plain", dates="day")
    assert checks["store.uids"] == (
        "broken",
        "the store was made with 'hashed', got 'plain'; leave the key out, or use another store",
    )
    assert "store.dates" not in checks


def test_a_secret_that_cannot_be_read(tmp_path: Path) -> None:
    checks = checked(tmp_path, address="postgresql://h/d", password_file=str(tmp_path / "none"))
    assert checks["store.address"][0] == "broken"
    assert "there is no such file" in checks["store.address"][1]
