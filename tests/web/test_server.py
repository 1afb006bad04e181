"""One real server: start, limits of connections, stop, and ``ctiqa serve``."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from sqlalchemy import text
from tests.web.conftest import USERS
from tests.web.made import configured, put_scans, user

from ctiqa.cli.app import run
from ctiqa.errors import OutputError, UsageError
from ctiqa.store import open_store
from ctiqa.store.database.connect import VERSION_TABLE
from ctiqa.web.app import make_app
from ctiqa.web.gates import gate
from ctiqa.web.gates.body import Limits
from ctiqa.web.gates.head import MOST_HEAD
from ctiqa.web.serving import protocol
from ctiqa.web.serving.server import settings
from ctiqa.web.serving.starting import address_of, bound, check_start

WAIT_S = 60.0


@contextmanager
def served(folder: Path, **web: Any) -> Iterator[tuple[str, int]]:
    """A server in a thread; host and port."""
    with open_store(folder / "ct.sqlite") as store:
        put_scans(store, [{}, {}])
    config = configured(folder, port=0, **web)
    with closing(bound(config.web)) as listening:
        server = uvicorn.Server(settings(make_app(config)))
        thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            assert not thread.is_alive()


def answered(place: tuple[str, int], data: bytes) -> bytes:
    """What a connection answers before it is closed; nothing if it only is closed."""
    with socket.create_connection(place, timeout=WAIT_S) as connection:
        connection.sendall(data)
        pieces = []
        try:
            while piece := connection.recv(65536):
                pieces.append(piece)
        except ConnectionError:
            pass
        return b"".join(pieces)


def test_pages_and_headers_of_a_real_server(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        base = f"http://{place[0]}:{place[1]}"
        with httpx.Client(base_url=base, trust_env=False) as client:
            answer = client.get("/api/v1/scans")
            assert answer.json()["n"] == 2
            assert "server" not in answer.headers
            assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_heads_that_are_too_large(tmp_path: Path) -> None:
    with served(tmp_path) as place:
        start = b"GET / HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1\r\n"
        for head in (
            start + b"X: " + b"x" * (2 * MOST_HEAD) + b"\r\n\r\n",
            start + b"X: x\r\n" * MOST_HEAD + b"\r\n",
            b"GET /" + b"x" * 9000 + start[5:] + b"\r\n",
        ):
            answer = answered(place, head)
            assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 414", b"HTTP/1.1 431"))
            assert b"wrong_host" not in answer
        assert answered(place, b"\x16\x03\x01\x00\xff garbage\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_connections_that_send_nothing_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.2)
    with served(tmp_path) as place:
        assert answered(place, b"") == b""
        assert answered(place, b"GET / HTTP/1.1\r\nHost: 127") == b""
        # After an answer, too.
        host = f"Host: {place[0]}:{place[1]}".encode()
        got = answered(place, b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n\r\nGET / HT")
        assert got.startswith(b"HTTP/1.1 200")


def test_bodies_that_do_not_come_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "Limits", lambda: Limits(idle_s=0.2))
    with served(tmp_path) as place:
        host = f"Host: {place[0]}:{place[1]}".encode()
        head = b"POST /login HTTP/1.1\r\n" + host + b"\r\nContent-Length: 100\r\n"
        form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname="
        assert answered(place, head + form).startswith(b"HTTP/1.1 408")


def test_other_hosts_need_users() -> None:
    for host in ("0.0.0.0", "::", "10.1.2.3", "ct.example"):  # noqa: S104
        with pytest.raises(UsageError, match="as long as there are no users"):
            check_start(configured(Path("/nonexistent"), host=host))


@pytest.mark.parametrize("key", ["names", "proxies", "https"])
def test_a_proxy_needs_users_too(tmp_path: Path, key: str) -> None:
    value: Any = {"names": ["ct.example"], "proxies": ["10.0.0.1"], "https": True}[key]
    with pytest.raises(UsageError, match=f"'web.{key}' must not be set"):
        check_start(configured(tmp_path, model=None, **{key: value}))
    check_start(configured(tmp_path, model=None, users=USERS, **{key: value}))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_this_computer_needs_no_users(tmp_path: Path, host: str) -> None:
    check_start(configured(tmp_path, host=host))


def test_an_audit_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"'web\.audit_file' cannot be written"):
        check_start(configured(tmp_path, audit_file=str(tmp_path / "none" / "audit.jsonl")))


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OutputError, match="another program listens there"):
            bound(configured(tmp_path, port=port).web)


def test_small_answers_are_sent_at_once(tmp_path: Path) -> None:
    with closing(bound(configured(tmp_path, port=0).web)) as listening:
        # What asyncio asks before it switches the delay of TCP off.
        assert listening.proto == socket.IPPROTO_TCP


def test_an_address_of_another_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OutputError, match=r"not known; set 'web\.host'"):
        bound(configured(tmp_path, host="no.example", port=0, users=USERS).web)


def test_the_address_is_one_to_type() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address_of(listening))


def written(folder: Path, store: Path, more: str = "") -> Path:
    """A configuration file."""
    file = folder / "ctiqa.toml"
    audit = folder / "audit.jsonl"
    file.write_text(
        f'[store]\naddress = "{store}"\n[web]\nport = 0\naudit_file = "{audit}"\n{more}'
    )
    return file


def test_the_command_from_start_to_stop(tmp_path: Path) -> None:
    file = written(tmp_path, tmp_path / "ct.sqlite")
    command = [sys.executable, "-m", "ctiqa", "serve", "--config", str(file)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = line.removeprefix("serves ").strip()
            with httpx.Client(trust_env=False) as client:
                assert client.get(f"{address}/healthz", timeout=WAIT_S).json() == {"ok": True}
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=WAIT_S)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_newer_store_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(tmp_path / "ct.sqlite") as store, store.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    status = run(["serve", "--config", str(written(tmp_path, tmp_path / "ct.sqlite"))])
    errors = capsys.readouterr().err
    assert status == 2
    assert "newer" in errors
    assert "Traceback" not in errors


def test_other_hosts_without_users_end_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, tmp_path / "ct.sqlite", 'host = "0.0.0.0"\n')
    assert run(["serve", "--config", str(file)]) == 2
    assert "[[web.users]]" in capsys.readouterr().err
    assert not (tmp_path / "ct.sqlite").exists()


def test_addresses_behind_a_proxy(tmp_path: Path) -> None:
    with served(tmp_path, users=[user("ann")], proxies=["127.0.0.1"]) as place:
        base = f"http://{place[0]}:{place[1]}"
        with httpx.Client(base_url=base, trust_env=False) as client:
            client.get("/login")
            visit = client.cookies["ctiqa_visit"]
            assert visit
            form = client.get("/login").text
            csrf = re.search(r'name="?csrf"? value="([^"]+)"', form)
            assert csrf is not None
            client.post(
                "/login",
                data={"csrf": csrf[1], "name": "ann", "password": "x"},
                headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"},
            )
    assert '"address":"203.0.113.9"' in (tmp_path / "audit.jsonl").read_text()
