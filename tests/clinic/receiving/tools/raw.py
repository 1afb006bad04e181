"""A sender that can do what no library does: send any bytes, at any speed."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydicom.uid import CTImageStorage
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from tests.clinic.receiving.tools.objects import SYNTAX

DATA, LAST_DATA, COMMAND, LAST_COMMAND = 0, 2, 1, 3
"""Headers of fragments."""

ECHO, STORE = 0x30, 1
ACCEPT, REJECT, P_DATA, RELEASED, ABORT = 2, 3, 4, 6, 7
IMAGES, ECHOES = 1, 3
"""Numbers of the presentation contexts."""


class Raw:
    """A connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def pdu(self) -> tuple[int, bytes]:
        """The next PDU: kind and body; kind 0 if the connection is closed."""
        head = self._read(6)
        if len(head) < 6:
            return 0, b""
        return head[0], self._read(int.from_bytes(head[2:6], "big"))

    def associate(self, calling: str = "RAW", called: str = "CTIQA") -> tuple[int, bytes]:
        """Ask for an association with two contexts; returns the answer."""
        self.send(request(calling, called))
        return self.pdu()

    def store(self, uid: str, data: bytes, sop_class: str = CTImageStorage) -> int | None:
        """Send an instance; returns the status, ``None`` if there is no answer."""
        self.send(store_bytes(uid, data, sop_class))
        return self.status()

    def echo(self) -> int | None:
        """Send a C-ECHO; returns the status."""
        self.send(fragment(ECHOES, LAST_COMMAND, command(ECHO, Verification, None)))
        return self.status()

    def status(self) -> int | None:
        """The status in the next answer, ``None`` if another PDU comes."""
        kind, body = self.pdu()
        return status_in(body) if kind == P_DATA else None

    def _read(self, n_bytes: int) -> bytes:
        data = b""
        while len(data) < n_bytes:
            try:
                came = self.sock.recv(n_bytes - len(data))
            except ConnectionResetError:
                came = b""
            if not came:
                break
            data += came
        return data


@contextmanager
def connected(port: int, timeout: float = 20) -> Iterator[Raw]:
    """A connection."""
    with socket.create_connection(("127.0.0.1", port), timeout) as sock:
        yield Raw(sock)


def request(
    calling: str = "RAW",
    called: str = "CTIQA",
    contexts: Iterable[PresentationContext] | None = None,
) -> bytes:
    """A request for an association."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title, primitive.called_ae_title = calling, called
    proposed = list(
        contexts or (build_context(CTImageStorage, SYNTAX), build_context(Verification))
    )
    for number, each in enumerate(proposed):
        each.context_id = 2 * number + 1
    primitive.presentation_context_definition_list = proposed
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = 16384
    implementation.implementation_class_uid = "1.2.3"
    primitive.user_information = [length, implementation]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(primitive)
    return bytes(pdu.encode())


def fragment(context: int, header: int, data: bytes) -> bytes:
    """A P-DATA PDU with one fragment."""
    item = struct.pack(">LBB", len(data) + 2, context, header) + data
    return struct.pack(">BxL", P_DATA, len(item)) + item


def command(field: int, sop_class: str, uid: str | None) -> bytes:
    """A command set; with a UID, a data set follows."""
    elements = [
        (0x0002, sop_class.encode()),
        (0x0100, struct.pack("<H", field)),
        (0x0110, struct.pack("<H", 1)),
        (0x0700, struct.pack("<H", 0)),
        (0x0800, struct.pack("<H", 0x0101 if uid is None else 0)),
        *([] if uid is None else [(0x1000, uid.encode())]),
    ]
    return b"".join(
        struct.pack("<HHL", 0, element, len(value) + len(value) % 2)
        + value
        + b"\0" * (len(value) % 2)
        for element, value in elements
    )


def store_bytes(uid: str, data: bytes, sop_class: str = CTImageStorage) -> bytes:
    """A whole C-STORE."""
    start = fragment(IMAGES, LAST_COMMAND, command(STORE, sop_class, uid))
    step = 100_000
    parts = [data[place : place + step] for place in range(0, max(len(data), 1), step)]
    headers = [DATA] * (len(parts) - 1) + [LAST_DATA]
    return start + b"".join(
        fragment(IMAGES, header, part) for header, part in zip(headers, parts, strict=True)
    )


def status_in(body: bytes) -> int:
    """The status in an answer that is one fragment."""
    place = 6
    while place < len(body):
        _, element, length = struct.unpack_from("<HHL", body, place)
        if element == 0x0900:
            return int(struct.unpack_from("<H", body, place + 8)[0])
        place += 8 + length
    raise AssertionError("an answer must have a status")


def send_all(raw: Raw, data: bytes) -> None:
    """Send, also if the listener has closed in between."""
    try:
        raw.send(data)
    except ConnectionError:
        return


def others_are_served(port: int) -> bool:
    """Whether a sender that behaves is served."""
    with connected(port) as raw:
        return raw.associate("GOOD")[0] == ACCEPT and raw.echo() == 0
