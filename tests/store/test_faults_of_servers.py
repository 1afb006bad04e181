"""What is wrong with a server becomes one sentence that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from psycopg import sql
from sqlalchemy import event
from tests.store import made
from tests.store.faults import filled, refused
from tests.store.postgres import PASSWORD, QUOTED, Server

from ctiqa.errors import DataError, OutputError
from ctiqa.store import Run, open_store


def test_a_server_with_tables_of_another_program(server: Server) -> None:
    address = server.create("other")
    server.execute(sql.SQL("CREATE TABLE runs (name TEXT)"), "other")
    with refused(DataError, "tables of another program"):
        open_store(address)


def test_a_server_that_only_allows_reading(server: Server) -> None:
    digest = filled(server.create("standby"))
    server.execute(sql.SQL("ALTER DATABASE standby SET default_transaction_read_only = on"))
    with open_store(server.url("standby")) as store:
        with refused(OutputError, "must be writable, but the server only allows reading"):
            store.add(made.report(made.scan_score("1.2.99")), Run())
        assert store.digest() == digest


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda url: url.replace(QUOTED, "wr0ng"), "refuses the user or the password"),
        (lambda url: url.replace("ctiqa:", "nobody:"), "refuses the user or the password"),
        (lambda url: url.replace(f":{QUOTED}", ""), "refuses the user or the password"),
        (lambda url: url.replace("/postgres", "/none"), "does not exist; create it"),
        (lambda url: f"{url}?sslmode=odd", "cannot be used"),
        (lambda url: f"{url}?passwrod={QUOTED}", "cannot be used"),
        (lambda url: f"{url}?sslmode=require", "cannot be used"),
    ],
    ids=["password", "user", "no password", "database", "option", "name of option", "no TLS"],
)
def test_a_server_that_refuses(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[str], str],
    sentence: str,
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "/none")
    with refused(OutputError, sentence):
        open_store(change(server.url("postgres")))


def test_a_server_that_is_not_there() -> None:
    with refused(OutputError, r"'postgresql://127.0.0.1:1/ct' cannot be used"):
        open_store(f"postgresql://me:{QUOTED}@127.0.0.1:1/ct")


def test_a_user_who_may_not_write(server: Server) -> None:
    server.create("mine")
    server.execute(sql.SQL("CREATE ROLE reader LOGIN PASSWORD 'reader'"))
    address = server.url("mine").replace(f"ctiqa:{QUOTED}", "reader:reader")
    with refused(OutputError, "must allow its user to create and write tables"):
        open_store(address)


def test_a_connection_that_is_cut(server: Server) -> None:
    """The next one finds a new connection, and nothing is lost."""
    address = server.create("cut")
    digest = filled(address)
    cut = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cut'")

    def cut_before(*_: object) -> None:
        server.execute(cut)

    with open_store(address) as store:
        event.listen(store._engine, "before_cursor_execute", cut_before, once=True)
        with refused(OutputError, "closed the connection; run again"):
            store.add(made.report(made.scan_score()), Run())
        assert store.digest() == digest
        server.execute(cut)
        assert store.add(made.report(made.scan_score()), Run()) == 1


def test_the_password_is_in_no_message_and_no_log(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    address = server.create("quiet")
    with caplog.at_level(logging.DEBUG), open_store(address) as store:
        store.add(made.report(made.scan_score()), Run())
        shown = f"{store!r} {vars(store)}"
    streams = capfd.readouterr()
    for text in (shown, caplog.text, streams.out, streams.err):
        assert PASSWORD not in text
        assert QUOTED not in text
    assert "1.2.3" not in caplog.text
