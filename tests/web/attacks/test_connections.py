"""Connections that hold a place: floods, slow bodies, answers that nobody reads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.web.test_server import WAIT_S, answered, served

from ctiqa.web.serving import protocol, server


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few connections are enough."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 8)
    monkeypatch.setattr(protocol, "RESERVE", 3)


@contextmanager
def flood(place: tuple[str, int], data: bytes, n: int = 24) -> Iterator[list[socket.socket]]:
    """Connections that send something and then nothing."""
    with ExitStack() as stack:
        opened = []
        for _ in range(n):
            each = stack.enter_context(socket.create_connection(place, timeout=WAIT_S))
            each.sendall(data)
            opened.append(each)
        yield opened


def ready(place: tuple[str, int]) -> bytes:
    """The first line of an answer of a healthy server."""
    host = f"{place[0]}:{place[1]}".encode()
    request = b"GET /readyz HTTP/1.1\r\nConnection: close\r\nHost: %b\r\n\r\n" % host
    return answered(place, request).partition(b"\r\n")[0]


def test_a_flood_of_silent_connections_keeps_nobody_out(tmp_path: Path) -> None:
    with served(tmp_path) as place, flood(place, b"GET / HT"):
        assert ready(place) == b"HTTP/1.1 200 OK"


def test_a_flood_of_slow_bodies_keeps_nobody_out(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        host = f"{place[0]}:{place[1]}".encode()
        head = (
            b"POST /login HTTP/1.1\r\nHost: %b\r\nContent-Length: 99\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\na"
        )
        with flood(place, head % host):
            assert ready(place) == b"HTTP/1.1 200 OK"


def test_who_does_not_read_answers_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "UNREAD_S", 0.2)
    with served(tmp_path) as place:
        host = f"{place[0]}:{place[1]}".encode()
        request = b"GET /api/openapi.json HTTP/1.1\r\nHost: %b\r\n\r\n" % host
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(WAIT_S)
            reader.connect(place)
            # Blocks as soon as nothing more fits, until the server has closed the connection.
            with pytest.raises(ConnectionError):
                reader.sendall(1_000_000 * request)
