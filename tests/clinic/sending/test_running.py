"""The sender as it runs in the service: several targets, a database that is away, an end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from tests.clinic.sending.conftest import OutboxOf, closed_port, dicom, stow
from tests.clinic.sending.peers import archive, site

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.config import StoreSection
from ctiqa.clinic.config.listening import Spool
from ctiqa.clinic.records.clock import utc_now
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.health import Health, Sign
from ctiqa.clinic.sending import dicom as dicom_module
from ctiqa.clinic.sending import run_sender
from ctiqa.errors import OutputError
from ctiqa.store.store import Store


def wait_for(what: Callable[[], Any]) -> Any:
    """Until something is true; fails after a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@contextmanager
def running(config: Config) -> Iterator[Thread]:
    """The sender in a thread; it must end when it is stopped."""
    stop = Event()
    thread = Thread(target=run_sender, args=(config, stop))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def config_of(address: str, tmp_path: Path, *targets: Any) -> Config:
    return Config(
        store=StoreSection(address=address), spool=Spool(folder=tmp_path), send=tuple(targets)
    )


def test_a_target_that_is_down_holds_up_no_other(
    store: Store, address: str, tmp_path: Path, outbox_of: OutboxOf
) -> None:
    outbox = outbox_of(store)
    outbox.watch.time = utc_now()
    outbox.put("1.2.1", target="down")
    outbox.put("1.2.2", target="pacs")
    outbox.put("1.2.3", target="web")
    deliveries, health = Deliveries(store), Health(store)
    with archive() as pacs, site() as server:
        targets = dicom(closed_port(), name="down"), dicom(pacs.port), stow(server.url)
        with running(config_of(address, tmp_path, *targets)):
            wait_for(lambda: deliveries.counts()["sent"] == 2 and deliveries.listed("waiting"))
            [sign] = wait_for(health.signs)
    assert [each.target for each in deliveries.listed("waiting")] == ["down"]
    assert sign.part == "sender"
    assert sign.is_well


def test_the_health_page_names_each_target(outbox: Any) -> None:
    from ctiqa.clinic.sending.running import Sender

    outbox.put("1.2.1", "1.2.2")
    target = dicom(closed_port())
    sender = Sender(Config(send=(target,)), outbox.store, outbox.watch)
    outbox.turn(target)
    sender.tell()
    assert sign_of(outbox).is_well
    for _ in range(2):
        outbox.watch.move(minutes=10)
        outbox.turn(target)
    sender.tell()
    sign = sign_of(outbox)
    assert not sign.is_well
    assert sign.sentence == (
        "'pacs': 2 results wait, 0 sent; the last try failed: nothing listens at its address and "
        "port; see whether it runs"
    )
    assert sign.facts["waiting.pacs"] == 2
    with archive() as pacs:
        outbox.watch.move(minutes=10)
        outbox.turn(dicom(pacs.port))
    sender.tell()
    assert sign_of(outbox).sentence == "'pacs': 0 results wait, 2 sent"


def sign_of(outbox: Any) -> Sign:
    (sign,) = Health(outbox.store, outbox.watch).signs()
    return sign


def test_without_targets_it_waits_and_says_so(store: Store, address: str, tmp_path: Path) -> None:
    with running(config_of(address, tmp_path)):
        [sign] = wait_for(Health(store).signs)
    assert sign.sentence == "no target for results is configured"


def test_a_database_that_comes_back_is_used(
    store: Store, address: str, tmp_path: Path, outbox_of: OutboxOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = outbox_of(store)
    outbox.watch.time = utc_now()
    outbox.put("1.2.1")
    faults = [OutputError("it is away")] * 3
    due = Deliveries.due

    def sometimes(self: Deliveries, *args: Any, **keys: Any) -> Any:
        if faults:
            raise faults.pop()
        return due(self, *args, **keys)

    monkeypatch.setattr(Deliveries, "due", sometimes)
    with archive() as pacs, running(config_of(address, tmp_path, dicom(pacs.port))):
        wait_for(lambda: Deliveries(store).counts()["sent"])
    assert faults == []


def test_stopped_while_the_database_is_away(tmp_path: Path) -> None:
    address = str(tmp_path / "none" / "ct.sqlite")
    with running(config_of(address, tmp_path)) as thread:
        assert thread.is_alive()


def test_a_target_that_says_nothing_does_not_keep_it_from_ending(
    outbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than the test waits.
    monkeypatch.setattr(dicom_module, "CONNECT_S", 90.0)
    outbox.watch.time = utc_now()
    outbox.put("1.2.1")
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(30)
        target = dicom(mute.getsockname()[1])
        with running(config_of(str(tmp_path / "ct.sqlite"), tmp_path, target)):
            connection, _ = mute.accept()
            assert connection.recv(1)
        # No thread is left that the end of the program would wait for.
        wait_for(lambda: all(each.daemon for each in {*threading.enumerate()} - before))
        connection.close()
    assert outbox.states()[0][0] == "waiting"
