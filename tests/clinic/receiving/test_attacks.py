"""Senders that break the protocol, are slow, or come in numbers: limits hold, others are served."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import CTImageStorage
from tests.clinic.receiving.tools.objects import ct, encoded
from tests.clinic.receiving.tools.raw import (
    ABORT,
    ACCEPT,
    COMMAND,
    DATA,
    ECHOES,
    IMAGES,
    LAST_COMMAND,
    LAST_DATA,
    REJECT,
    STORE,
    command,
    connected,
    fragment,
    others_are_served,
    request,
    send_all,
)
from tests.clinic.receiving.tools.running import Running, receiving

IMAGE = encoded(ct("1.2.3"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A listener that takes 1 MB."""
    with receiving(tmp_path, most_instance_megabytes=1) as started:
        yield started


LONG = struct.pack(">BxL", 4, 0xFFFFFFFF)

BAD_STARTS: dict[str, bytes] = {
    "unknown type": b"\x09\0\0\0\0\4abcd",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "data without association": fragment(IMAGES, LAST_DATA, b"x"),
    "absurd length": struct.pack(">BxL", 1, 0xFFFFFFFF) + bytes(1000),
    "request cut off": struct.pack(">BxL", 1, 10) + bytes(10),
    "items that do not fit": request()[:74] + b"\xff" * (len(request()) - 74),
    "contexts with one number": request()[:2]
    + struct.pack(">L", 68 + 8 * 1000)
    + request()[6:74]
    + b"\x20\0\0\4\1\0\0\0" * 1000,
    "only zeros": struct.pack(">BxL", 1, 200_000) + b"\0\1" + bytes(199_998),
}


@pytest.mark.parametrize("sent", BAD_STARTS.values(), ids=BAD_STARTS)
def test_a_bad_start_ends_the_connection(running: Running, sent: bytes) -> None:
    with connected(running.port) as raw:
        raw.send(sent)
        assert raw.pdu()[0] in (ABORT, REJECT, 0)
        assert raw.pdu()[0] == 0
    assert others_are_served(running.port)


START = fragment(IMAGES, LAST_COMMAND, command(STORE, CTImageStorage, "1.2.3"))

BREACHES: dict[str, bytes] = {
    "absurd length": LONG + bytes(1000),
    "longer than agreed by much": struct.pack(">BxL", 4, 1 << 21) + bytes(1000),
    "unknown type": b"\x42\0\0\0\0\0",
    "second request": request(),
    "data without command": fragment(IMAGES, LAST_DATA, b"x"),
    "command within a data set": START + START,
    "context that was not accepted": fragment(
        99, LAST_COMMAND, command(STORE, CTImageStorage, "1.2")
    ),
    "data set in another context": START + fragment(ECHOES, DATA, b"x"),
    "fragment longer than its PDU": struct.pack(">BxLLBB", 4, 6, 999, 1, 3),
    "fragment without header": struct.pack(">BxLLBB", 4, 6, 1, 1, 3),
    "fragment cut off": struct.pack(">BxL", 4, 3) + b"abc",
    "command of another group": fragment(IMAGES, LAST_COMMAND, b"\x08\0\x16\0\2\0\0\0ab"),
    "command that ends early": fragment(IMAGES, LAST_COMMAND, command(STORE, "1.2", "1.2")[:-3]),
    "command without its number": fragment(IMAGES, LAST_COMMAND, b"\0\0\0\1\2\0\0\0\1\0"),
    "empty command": fragment(IMAGES, LAST_COMMAND, b""),
    "answer that was not asked for": fragment(IMAGES, LAST_COMMAND, command(0x8001, "1.2", None)),
    "endless command": fragment(IMAGES, COMMAND, bytes(10_000)) * 5,
    "endless data set": START + fragment(IMAGES, DATA, bytes(100_000)) * 30,
}


@pytest.mark.parametrize("sent", BREACHES.values(), ids=BREACHES)
def test_a_breach_of_the_protocol_aborts(running: Running, sent: bytes) -> None:
    with connected(running.port) as raw:
        assert raw.associate()[0] == ACCEPT
        send_all(raw, sent)
        assert raw.pdu()[0] in (ABORT, 0)
    assert others_are_served(running.port)
    assert running.files() == running.leftovers() == []
