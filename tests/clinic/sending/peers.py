"""Archives on this computer that answer what a test wants: DICOM and HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import AE, evt

SR = "1.2.840.10008.5.1.4.1.1.88.33"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
VERIFICATION = "1.2.840.10008.1.1"


def write_result(file: Path, uid: str, *, sop_class: str = SR) -> Path:
    """Write a small object as a result."""
    result = Dataset()
    result.SOPClassUID, result.SOPInstanceUID = sop_class, uid
    result.StudyInstanceUID, result.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    result.PatientName, result.PatientID = "Planted^Zachary", "PLANTED-007"
    result.Modality = "SR"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    result.file_meta = meta
    file.parent.mkdir(parents=True, exist_ok=True)
    result.save_as(file, enforce_file_format=True)
    return file


@dataclass
class Archive:
    """A DICOM archive.

    Attributes:
        port: Its port.
        stored: What it has stored, in order.
        n_associations: Number of associations it was asked for.
        status: What it answers; a function of the SOP Instance UID.
    """

    port: int = 0
    stored: list[Dataset] = field(default_factory=list)
    n_associations: int = 0
    status: Callable[[str], int] = lambda uid: 0x0000

    @property
    def uids(self) -> list[str]:
        return [each.SOPInstanceUID for each in self.stored]


@contextmanager
def archive(
    *,
    classes: Sequence[str] = (SR, PDF),
    syntaxes: Sequence[str] | None = None,
    ae_title: str = "PACS",
    strict: bool = False,
    callers: Sequence[str] = (),
    tls: ssl.SSLContext | None = None,
    port: int = 0,
    handler: Callable[[Any], int] | None = None,
) -> Iterator[Archive]:
    """An archive that listens until the end."""
    found = Archive()

    def store(event: Any) -> int:
        if handler is not None:
            return handler(event)
        status = found.status(event.request.AffectedSOPInstanceUID)
        if status == 0x0000:
            found.stored.append(event.dataset)
        return status

    def requested(event: Any) -> None:
        found.n_associations += 1

    entity = AE(ae_title)
    for each in classes:
        entity.add_supported_context(each, list(syntaxes) if syntaxes else None)
    entity.require_called_aet = strict
    entity.require_calling_aet = list(callers)
    server = entity.start_server(
        ("127.0.0.1", port),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, store), (evt.EVT_REQUESTED, requested)],
        ssl_context=tls,
    )
    assert server is not None
    found.port = server.server_address[1]
    try:
        yield found
    finally:
        server.shutdown()


@dataclass
class Request:
    """A request that a server got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """An HTTP server.

    Attributes:
        url: Its address.
        requests: What it got.
        answer: Status, headers and body for a request.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], tuple[int, dict[str, str], bytes]] = lambda request: (200, {}, b"")


@contextmanager
def site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A server that answers POST until the end."""
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, {**self.headers}, body)
            found.requests.append(request)
            status, headers, answer = found.answer(request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is no error of the test."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    found.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def part_of(request: Request) -> Dataset:
    """The instance in a request of STOW-RS."""
    from io import BytesIO

    media = request.headers["Content-Type"]
    boundary = media.rpartition("boundary=")[2].encode()
    _, part, end = request.body.split(b"--" + boundary)
    assert end == b"--\r\n"
    head, _, content = part.partition(b"\r\n\r\n")
    assert b"application/dicom" in head
    return dcmread(BytesIO(content.removesuffix(b"\r\n")))
