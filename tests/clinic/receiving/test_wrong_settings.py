"""Settings with which the listener cannot start: each has its answer."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.clinic.receiving.tools.raw import ACCEPT, Raw
from tests.clinic.receiving.tools.running import configured, receiving

from ctiqa.clinic.receiving.listener import Listener
from ctiqa.errors import CtiqaError, OutputError, UsageError


def test_nobody_may_send(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'peers' in \[listen\] must list who may send, got none"):
        Listener(configured(tmp_path, any_peer=False))


def test_a_port_in_use(tmp_path: Path) -> None:
    with (
        receiving(tmp_path) as running,
        pytest.raises(
            OutputError, match=f"port {running.port}: another program uses it; stop that"
        ),
    ):
        Listener(configured(tmp_path / "other", port=running.port))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("create_server", OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")),
        ("getaddrinfo", socket.gaierror(-2, "Name or service not known")),
    ],
)
def test_an_address_of_another_computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: OSError
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(socket, call, fail)
    with pytest.raises(OutputError, match="correct 'host'"):
        Listener(configured(tmp_path))


def test_a_spool_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(CtiqaError, match="must be a writable folder"):
        Listener(configured(tmp_path))


def test_ipv6(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this computer has no IPv6")
    peers = [{"ae_title": "RAW", "addresses": ["::1"]}]
    with (
        receiving(tmp_path, host="::1", peers=peers) as running,
        socket.create_connection(("::1", running.port), 20) as sock,
    ):
        assert Raw(sock).associate()[0] == ACCEPT
