"""Archives that are down, lie, or do not end: nothing is lost, and the reason is said."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.archive_sources.dicomweb_server import Asked, Reply
from tests.archive_sources.dicomweb_server import running as another
from tests.clinic.fetching.archives import FakeOrthanc, FakeWeb, images
from tests.clinic.fetching.conftest import Room
from tests.clinic.sending.certificates import Authority

from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.fetching import run_fetcher, session
from ctiqa.clinic.fetching.line import LONGEST_S
from ctiqa.clinic.records.health import Health, Sign
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import OutputError
from ctiqa.store import open_store

KINDS = ("orthanc", "dicomweb")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not accept the login"),
        (403, "allow the user of ctiqa to read there"),
        (404, "correct 'url'"),
        (503, "fails or is overloaded"),
    ],
)
def test_a_refusal_is_said_with_its_remedy(room: Room, kind: str, status: int, words: str) -> None:
    room.web.answer = lambda _: Reply(status)
    line = room.line(kind)
    line.turn()
    assert not line.is_well
    assert words in line.sentence
    assert line.counts["failed"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_redirects_are_not_followed(room: Room, kind: str) -> None:
    with another() as elsewhere:
        room.web.answer = lambda _: Reply(302, headers={"Location": elsewhere.url})
        line = room.line(kind)
        line.turn()
        assert "redirects to another address" in line.sentence
        assert elsewhere.asked == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_down_is_tried_again_later(room: Room, tmp_path: Path, kind: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    line = room.line(kind, url=url, every_seconds=300)
    pauses = []
    for _ in range(4):
        line.turn()
        pauses.append(line.pause_s)
    assert "cannot be reached" in line.sentence
    assert pauses == [600, LONGEST_S, LONGEST_S, LONGEST_S]


def test_after_a_success_the_pause_is_the_usual_one(room: Room, tmp_path: Path) -> None:
    room.web.answer = lambda _: Reply(503)
    line = room.line(every_seconds=60)
    line.turn()
    line.turn()
    assert line.pause_s == 240
    room.web.answer = FakeOrthanc(images(tmp_path, "1.2.1")).answer
    line.turn()
    assert line.pause_s == 60
    assert line.is_well


@pytest.mark.parametrize("kind", KINDS)
def test_logins_are_sent(room: Room, tmp_path: Path, kind: str) -> None:
    for name, text in {"password": "s3cret-s3cret\n", "token": "t0ken-t0ken"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    room.line(kind, user="me", password_file=str(tmp_path / "password")).turn()
    room.line(kind, token_file=str(tmp_path / "token")).turn()
    room.line(kind).turn()
    sent = [each.headers.get("Authorization") for each in room.web.asked]
    assert set(sent) == {"Basic bWU6czNjcmV0LXMzY3JldA==", "Bearer t0ken-t0ken", None}
    (tmp_path / "token").unlink()
    line = room.line(kind, token_file=str(tmp_path / "token"))
    line.turn()
    assert "cannot be read" in line.sentence


def test_certificates_are_checked(room: Room, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    archive = FakeOrthanc(images(tmp_path / "a", "1.2.1"))
    with over_tls(archive, authority.signed("server").server()) as url:
        line = room.line(url=url)
        line.turn()
        assert "name its authority in 'authorities'" in line.sentence
        line = room.line(url=url, authorities=str(authority.file))
        line.turn()
        assert line.sentence == "has caught up with 'pacs'"
    assert len(room.arrived()) == 3


def test_an_answer_that_drips_ends(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_SECONDS", 0.3)
    with dripping() as port:
        line = room.line(url=f"http://127.0.0.1:{port}")
        line.turn()
    assert "takes more than" in line.sentence


def test_a_large_list_is_not_read(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_BYTES", 1000)
    room.web.answer = lambda _: Reply(body=b" " * 100_000)
    line = room.line()
    line.turn()
    assert "a list of more than" in line.sentence


def test_a_full_disk_loses_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.web.answer = FakeOrthanc(images(tmp_path, "1.2.1")).answer
    line = room.line()
    with monkeypatch.context() as patched:
        patched.setattr(SpoolFolder, "has_room", lambda *_: False)
        line.turn()
        assert "the disk of the spool is full" in line.sentence
    line.turn()
    assert line.is_well
    assert len(room.arrived()) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_that_is_down_loses_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    series = images(tmp_path, "1.2.1")
    room.web.answer = (FakeOrthanc(series) if kind == "orthanc" else FakeWeb(series)).answer
    line = room.line(kind)
    with monkeypatch.context() as patched:
        patched.setattr("ctiqa.clinic.records.cursors.Cursors.move", _down)
        line.turn()
        assert "waits: the database is down" in line.sentence
    line.turn()
    assert line.is_well
    assert len(room.arrived()) == 3


def _down(*_: object) -> None:
    raise OutputError("the database is down")


def test_the_part_fetches_tells_and_stops_although_an_archive_hangs(
    address: str, tmp_path: Path, room: Room
) -> None:
    room.web.answer = FakeOrthanc(images(tmp_path, "1.2.1")).answer
    room.store.close()
    (room.folder / "left").write_bytes(b"of a program that was killed")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = config_from(
            {
                "store": {"address": address},
                "spool": {"folder": str(room.spool.root), "reserve_gigabytes": 0},
                "fetch": [
                    {"kind": "orthanc", "name": "pacs", "url": room.web.url},
                    {
                        "kind": "dicomweb",
                        "name": "silent",
                        "url": f"http://127.0.0.1:{silent.getsockname()[1]}",
                    },
                ],
            }
        )
        stop = threading.Event()
        thread = threading.Thread(target=run_fetcher, args=(config, stop))
        thread.start()
        try:
            sign = waited(address)
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
    assert sign.is_well
    assert sign.facts["instances"] == 3
    assert not (room.folder / "left").exists()


def waited(address: str) -> Sign:
    """The sign of life after the archive was caught up with."""
    end = time.monotonic() + 60
    with open_store(address) as store:
        while time.monotonic() < end:
            for sign in Health(store).signs():
                if "has caught up with 'pacs'" in sign.sentence:
                    assert sign.part == "fetcher"
                    return sign
            time.sleep(0.1)
    raise AssertionError("the archive was not caught up with")


@contextmanager
def over_tls(archive: FakeOrthanc, context: ssl.SSLContext) -> Iterator[str]:
    """The archive behind TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            reply = archive.answer(Asked(parts.path, query, {}))
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class dripping:  # noqa: N801 - a context manager
    """A server that sends a byte now and then, for ever."""

    def __enter__(self) -> int:
        self._end = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        port: int = self._server.getsockname()[1]
        return port

    def _serve(self) -> None:
        peer, _ = self._server.accept()
        with peer:
            peer.recv(10_000)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not self._end.wait(0.05):
                try:
                    peer.sendall(b" ")
                except OSError:
                    return

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._server.close()
