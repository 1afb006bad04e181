"""A small DICOMweb server on loopback, which can misbehave in every way that a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = "/dicom-web"
BOUNDARY = "x-boundary-x"
JSON = "application/dicom+json"


@dataclass
class Asked:
    """A request that arrived."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]

    def first(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass
class Reply:
    """What is sent; ``length`` may say more than there is."""

    status: int = 200
    body: bytes = b""
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass
class Series:
    """A series on the server."""

    study: str
    series: str
    day: str = "20260105"
    files: Sequence[bytes] = (b"one", b"two")
    modality: str = "CT"
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        row = {
            "0020000D": value("UI", self.study),
            "0020000E": value("UI", self.series),
            "00080020": value("DA", self.day),
            "00080060": value("CS", self.modality),
            "00201209": value("IS", len(self.files)),
        } | self.facts
        return {tag: element for tag, element in row.items() if element is not None}


Answer = Callable[[Asked], Reply]


class FakeServer:
    """The server: its series, what it was asked, and how it answers."""

    def __init__(self) -> None:
        self.series: list[Series] = []
        self.asked: list[Asked] = []
        self.answer: Answer = self.good
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{ROOT}"

    def good(self, asked: Asked) -> Reply:
        """As the standard says."""
        if asked.path == "/series":
            return self.page(asked, [each.row() for each in self.chosen(asked)])
        for each in self.series:
            path = f"/studies/{each.study}/series/{each.series}"
            if asked.path == path:
                return multipart(each.files)
            if asked.path == f"{path}/instances":
                rows = [{"00080018": value("UI", f"1.{n}")} for n, _ in enumerate(each.files)]
                return self.page(asked, rows)
        return Reply(404, b"not here", "text/plain")

    def chosen(self, asked: Asked) -> list[Series]:
        wanted = asked.first("StudyDate")
        return [
            each
            for each in self.series
            if each.modality == asked.first("Modality", each.modality)
            and (not wanted or (each.day <= wanted[1:] if wanted[0] == "-" else each.day == wanted))
        ]

    def page(self, asked: Asked, rows: Sequence[Any]) -> Reply:
        offset, limit = int(asked.first("offset", "0")), int(asked.first("limit", "100000"))
        part = rows[offset : offset + limit]
        return Reply(body=json.dumps(part).encode()) if part else Reply(204)

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]


def value(vr: str, *values: Any) -> dict[str, Any]:
    """A data element of DICOM JSON."""
    return {"vr": vr, "Value": list(values)}


def multipart(files: Sequence[bytes], *, cut: int = 0) -> Reply:
    """A complete answer, or one whose last bytes are missing though its length is right."""
    parts = b"".join(
        b"\r\n--%s\r\nContent-Type: application/dicom\r\n\r\n%s" % (BOUNDARY.encode(), each)
        for each in files
    )
    body = parts + b"\r\n--%s--\r\n" % BOUNDARY.encode()
    media = f'multipart/related; type="application/dicom"; boundary="{BOUNDARY}"'
    return Reply(body=body[: len(body) - cut], media=media)


@contextmanager
def running() -> Iterator[FakeServer]:
    """A server, until the test is over."""
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                parts.path.removeprefix(ROOT), parse_qs(parts.query), dict(self.headers.items())
            )
            fake.asked.append(asked)
            reply = fake.answer(asked)
            self.send_response(reply.status)
            for name, text in {"Content-Type": reply.media, **reply.headers}.items():
                self.send_header(name, text)
            length = len(reply.body) if reply.length is None else reply.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True
            if length != len(reply.body):
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name above
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that closes the connection is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    fake.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
