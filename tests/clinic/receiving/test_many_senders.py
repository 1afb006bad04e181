"""Senders in great numbers: limits hold, and others are served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.clinic.receiving.tools.objects import ct, encoded
from tests.clinic.receiving.tools.patience import until
from tests.clinic.receiving.tools.raw import (
    ABORT,
    ACCEPT,
    ECHOES,
    LAST_COMMAND,
    REJECT,
    Raw,
    command,
    connected,
    fragment,
    others_are_served,
)
from tests.clinic.receiving.tools.running import Running, receiving

from ctiqa.clinic.receiving.seats import MOST_WAITING


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A listener with few seats."""
    with receiving(tmp_path, most_associations=3) as started:
        yield started


def test_associations_are_limited(running: Running) -> None:
    with ExitStack() as open_ones:
        for _ in range(3):
            assert open_ones.enter_context(connected(running.port)).associate()[0] == ACCEPT
        with connected(running.port) as one_more:
            kind, body = one_more.associate()
        # Rejected for now, by the provider: local limit exceeded.
        assert (kind, body[1:]) == (REJECT, b"\2\3\2")
    until(lambda: running.listener.seats.n_associations == 0)
    assert others_are_served(running.port)


def test_one_caller_cannot_take_all_seats(tmp_path: Path) -> None:
    peers = [{"ae_title": "BAD"}, {"ae_title": "GOOD"}]
    with (
        receiving(tmp_path, most_associations=3, peers=peers) as running,
        ExitStack() as open_ones,
    ):
        kinds = [
            open_ones.enter_context(connected(running.port)).associate("BAD")[0] for _ in range(5)
        ]
        assert kinds == [ACCEPT, ACCEPT, REJECT, REJECT, REJECT]
        assert others_are_served(running.port)


def test_a_flood_of_connections_does_not_keep_others_out(tmp_path: Path) -> None:
    with receiving(tmp_path, idle_seconds=60) as running, ExitStack() as open_ones:
        flood = [open_ones.enter_context(connected(running.port)) for _ in range(2 * MOST_WAITING)]
        assert others_are_served(running.port)
        # Who came first is let go: its connection is closed.
        assert flood[0].pdu()[0] in (ABORT, 0)


def test_a_flood_on_one_association_does_not_stop_others(running: Running) -> None:
    echo = fragment(ECHOES, LAST_COMMAND, command(0x30, "1.2.840.10008.1.1", None))
    with connected(running.port) as bad, connected(running.port) as good:
        bad.associate("BAD")
        bad.sock.setblocking(False)
        good.associate("GOOD")
        for number in range(10):
            flood(bad, echo * 100)
            assert good.store(f"1.2.{number}", encoded(ct(f"1.2.{number}"))) == 0
    assert len(running.files()) == 10


def flood(raw: Raw, data: bytes) -> None:
    """Send as much as the connection takes now."""
    try:
        while raw.sock.send(data):
            pass
    except OSError:
        return
