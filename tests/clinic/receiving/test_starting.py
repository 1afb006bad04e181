"""Start, stop and signs of life of the part that receives."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.receiving.tools.objects import ct, encoded
from tests.clinic.receiving.tools.patience import until
from tests.clinic.receiving.tools.raw import ABORT, ACCEPT, connected, request, store_bytes
from tests.clinic.receiving.tools.running import configured

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.receiving import run_receiver
from ctiqa.clinic.records.health import Health, Sign
from ctiqa.store import open_store

IMAGE = encoded(ct("1.2.3"))


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def part(config: Config) -> Iterator[None]:
    """The part, in a thread."""
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=run_receiver, args=(config, stop, ready))
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def signs_of(folder: Path) -> list[Sign]:
    """Signs of life in the store of a folder."""
    with open_store(folder / "ct.sqlite") as store:
        return Health(store).signs()


def test_it_receives_and_gives_signs_of_life(tmp_path: Path) -> None:
    config = configured(tmp_path, port=free_port())
    with part(config), connected(config.listen.port) as raw:
        assert raw.associate()[0] == ACCEPT
        assert raw.store("1.2.3", IMAGE) == 0
        assert raw.store("../evil", IMAGE) == 0xC000
        until(lambda: any("0xC000" in sign.sentence for sign in signs_of(tmp_path)))
    (sign,) = signs_of(tmp_path)
    assert (sign.part, sign.is_well) == ("receiver", True)
    assert sign.sentence.startswith(
        f"listens on port {config.listen.port} as CTIQA; last problem: "
    )
    assert {"instances": 1, "associations": 1, "refused_instances": 1}.items() <= sign.facts.items()
    assert sign.facts["free_gigabytes"] > 0


def test_a_database_that_is_down_delays_nothing(tmp_path: Path) -> None:
    # Nobody answers there; the address is taken so that nobody else does.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        values: dict[str, Any] = {
            "spool": {"folder": str(tmp_path / "spool"), "reserve_gigabytes": 0},
            "listen": {"port": free_port(), "any_peer": True},
            "store": {"address": f"postgresql://ctiqa@127.0.0.1:{port}/ct"},
        }
        config = config_from(values)
        with part(config), connected(config.listen.port) as raw:
            raw.associate()
            assert [raw.store(f"1.2.{n}", encoded(ct(f"1.2.{n}"))) for n in range(5)] == [0] * 5


ODD = {
    "title": (b"RAW ", b"Se\x1bX", ABORT),
    # A warning of pydicom quotes it.
    "UID": (b"1.2.840.10008.1.1", b"Secret^Name456789", ACCEPT),
}


@pytest.mark.parametrize(("usual", "odd", "answer"), ODD.values(), ids=ODD)
def test_what_libraries_say_of_requests_is_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, usual: bytes, odd: bytes, answer: int
) -> None:
    config = configured(tmp_path, port=free_port())
    with part(config), connected(config.listen.port) as raw:
        raw.send(request().replace(usual, odd))
        assert raw.pdu()[0] == answer
    assert {each.name for each in caplog.records if "Se" in each.getMessage()} == set()
    assert {each.name.partition(".")[0] for each in caplog.records} <= {"ctiqa", "alembic"}


def test_a_stop_ends_associations(tmp_path: Path) -> None:
    with connected_to_part(tmp_path) as (raw, stopped):
        raw.associate()
        raw.send(store_bytes("1.2.3", IMAGE)[:-10])
        stopped()
        assert raw.pdu()[0] in (7, 0)


def test_what_is_being_stored_at_a_stop_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_storing, may_go_on, sync = threading.Event(), threading.Event(), os.fdatasync

    def slow(handle: int) -> None:
        is_storing.set()
        assert may_go_on.wait(20)
        sync(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    with connected_to_part(tmp_path) as (raw, stop):
        raw.associate()
        raw.send(store_bytes("1.2.3", IMAGE))
        assert is_storing.wait(20)
        stop()
        # The listener no longer accepts: it is ending.
        until(lambda: not is_accepting(raw.sock.getpeername()[1]))
        may_go_on.set()
        assert raw.status() == 0
    assert (tmp_path / "spool" / "in" / "RAW" / "1.2.3.dcm").is_file()


def is_accepting(port: int) -> bool:
    """Whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def connected_to_part(folder: Path) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A connection to a part, and how to stop the part."""
    config, stop, ready = configured(folder, port=free_port()), threading.Event(), threading.Event()
    thread = threading.Thread(target=run_receiver, args=(config, stop, ready))
    thread.start()
    assert ready.wait(20)
    with connected(config.listen.port) as raw:
        yield raw, stop.set
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
