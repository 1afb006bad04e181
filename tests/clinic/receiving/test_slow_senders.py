"""Senders that are slow, or do not wait: they are let go, or wait themselves."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom.uid import CTImageStorage
from tests.clinic.receiving.tools.objects import ct, encoded
from tests.clinic.receiving.tools.patience import until
from tests.clinic.receiving.tools.raw import (
    ABORT,
    DATA,
    ECHOES,
    IMAGES,
    LAST_COMMAND,
    STORE,
    Raw,
    command,
    connected,
    fragment,
    others_are_served,
    request,
    send_all,
    store_bytes,
)
from tests.clinic.receiving.tools.running import Running, receiving

IMAGE = encoded(ct("1.2.3"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A listener with little patience and few seats."""
    with receiving(
        tmp_path, idle_seconds=1, most_associations=3, most_instance_megabytes=1
    ) as started:
        yield started


START = fragment(IMAGES, LAST_COMMAND, command(STORE, CTImageStorage, "1.2.3"))


def silent(_: Raw) -> None:
    """Does nothing."""


def silent_after_association(raw: Raw) -> None:
    """Makes an association, then nothing."""
    raw.associate()


def silent_in_an_instance(raw: Raw) -> None:
    """Stops in the middle of an instance."""
    raw.associate()
    raw.send(store_bytes("1.2.3", IMAGE)[:-100])


def trickling_request(raw: Raw) -> None:
    """Sends its request byte by byte."""
    trickle(raw, request())


def trickling_instance(raw: Raw) -> None:
    """Sends an instance byte by byte."""
    raw.associate()
    trickle(raw, store_bytes("1.2.3", IMAGE))


def trickling_fragments(raw: Raw) -> None:
    """Sends an instance in fragments of one byte, each in time."""
    raw.associate()
    raw.send(START)
    slowly(raw, [fragment(IMAGES, DATA, b"x")] * 100)


def trickle(raw: Raw, data: bytes) -> None:
    """Send one byte at a time."""
    slowly(raw, [data[place : place + 1] for place in range(100)])


def slowly(raw: Raw, parts: list[bytes]) -> None:
    """Send with pauses, until the listener says something or all is sent after five seconds."""
    for part in parts:
        send_all(raw, part)
        if select.select([raw.sock], [], [], 0.05)[0]:
            return


SLOW: list[Callable[[Raw], None]] = [
    silent,
    silent_after_association,
    silent_in_an_instance,
    trickling_request,
    trickling_instance,
    trickling_fragments,
]


@pytest.mark.parametrize("behave", SLOW, ids=lambda each: each.__name__)
def test_the_slow_are_let_go(running: Running, behave: Callable[[Raw], None]) -> None:
    with connected(running.port) as raw:
        behave(raw)
        assert raw.pdu()[0] in (ABORT, 0)
    assert others_are_served(running.port)
    assert running.files() == running.leftovers() == []


def test_who_does_not_read_answers_is_let_go(running: Running) -> None:
    echo = fragment(ECHOES, LAST_COMMAND, command(0x30, "1.2.840.10008.1.1", None))
    with connected(running.port, timeout=3) as raw:
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.associate()
        with pytest.raises((ConnectionError, TimeoutError)):
            raw.send(echo * 1_000_000)
        until(lambda: running.listener.seats.n_associations == 0)
        assert others_are_served(running.port)


def test_instances_without_waiting_are_all_kept(running: Running) -> None:
    with connected(running.port) as raw:
        raw.associate()
        raw.send(b"".join(store_bytes(f"1.2.{n}", encoded(ct(f"1.2.{n}"))) for n in range(20)))
        assert [raw.status() for _ in range(20)] == [0] * 20
    assert len(running.files()) == 20


def test_a_slow_disk_is_not_a_slow_sender(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fdatasync

    def slow(handle: int) -> None:
        time.sleep(1.2)
        sync(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    with connected(running.port) as raw:
        raw.associate()
        raw.send(store_bytes("1.2.3", IMAGE) * 2)
        assert [raw.status(), raw.status()] == [0, 0]
