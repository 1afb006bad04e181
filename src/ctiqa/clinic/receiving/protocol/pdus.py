"""PDUs on a connection (PS3.8, 9.3): kinds, limits, and the fragments of messages in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from ctiqa.clinic.receiving.protocol.connection import Connection
from ctiqa.clinic.receiving.protocol.faults import AbortReason, ProtocolError

OWN_MOST_PDU = 1 << 17
"""Longest P-DATA PDU that senders are asked for, in bytes."""

MOST_PDU = 1 << 20
"""Longest that is accepted: some senders count the headers otherwise."""

MOST_REQUEST = 1 << 18
"""Longest request for an association: 128 contexts with 50 transfer syntaxes each."""

HEADER = struct.Struct(">BxL")
ITEM = struct.Struct(">LBB")

COMMAND, LAST = 1, 2
"""Bits of the header of a fragment (PS3.8, E.2)."""


class Kind(IntEnum):
    """Kinds of PDUs (PS3.8, 9.3)."""

    REQUEST = 1
    ACCEPT = 2
    REJECT = 3
    DATA = 4
    RELEASE = 5
    RELEASED = 6
    ABORT = 7


@dataclass(frozen=True, slots=True)
class Pdu:
    """A PDU.

    Attributes:
        kind: Its kind.
        body: What follows the header of 6 bytes.
    """

    kind: Kind
    body: bytearray


@dataclass(frozen=True, slots=True)
class Fragment:
    """Part of a message.

    Attributes:
        context: Number of the presentation context.
        is_command: Whether it belongs to the command, not to the data set.
        is_last: Whether it is the last of the command or data set.
        data: Its bytes.
    """

    context: int
    is_command: bool
    is_last: bool
    data: memoryview


def read_pdu(connection: Connection) -> Pdu:
    """The next PDU.

    Raises:
        GoneError: If the connection ends before.
        ProtocolError: If its kind is unknown, or it is too long; nothing more is read then.
    """
    number, length = HEADER.unpack(connection.read(HEADER.size))
    try:
        kind = Kind(number)
    except ValueError:
        raise ProtocolError(
            f"a PDU of unknown type 0x{number:02X} came", AbortReason.UNRECOGNISED_PDU
        ) from None
    most = MOST_PDU if kind is Kind.DATA else MOST_REQUEST
    if length > most:
        raise ProtocolError(f"a PDU of {length} bytes came; the most are {most}")
    return Pdu(kind, connection.read(length))


def fragments(body: bytearray) -> Iterator[Fragment]:
    """The fragments in a P-DATA PDU.

    Raises:
        ProtocolError: If their lengths do not fit.

    >>> body = bytearray(data_pdu(3, LAST, b"ab")[HEADER.size :])
    >>> [(each.context, bytes(each.data)) for each in fragments(body)]
    [(3, b'ab')]
    """
    view, place = memoryview(body), 0
    while place < len(body):
        if len(body) - place < ITEM.size:
            raise ProtocolError("a fragment of a message is cut off")
        length, context, header = ITEM.unpack_from(body, place)
        end = place + 4 + length
        if length < 2 or end > len(body):
            raise ProtocolError("a fragment of a message has an impossible length")
        is_command, is_last = bool(header & COMMAND), bool(header & LAST)
        yield Fragment(context, is_command, is_last, view[place + ITEM.size : end])
        place = end


def data_pdu(context: int, header: int, data: bytes) -> bytes:
    """A P-DATA PDU with one fragment.

    Args:
        context: Number of the presentation context.
        header: :data:`COMMAND` and :data:`LAST`.
        data: Its bytes.
    """
    item = ITEM.pack(len(data) + 2, context, header) + data
    return HEADER.pack(Kind.DATA, len(item)) + item


def release_pdu() -> bytes:
    """The answer to a request for release."""
    return HEADER.pack(Kind.RELEASED, 4) + bytes(4)


def abort_pdu(reason: AbortReason) -> bytes:
    """An abort by the service provider."""
    return HEADER.pack(Kind.ABORT, 4) + bytes([0, 0, 2, reason])


def reject_pdu(result: int, source: int, reason: int) -> bytes:
    """A rejection (PS3.8, table 9-21)."""
    return HEADER.pack(Kind.REJECT, 4) + bytes([0, result, source, reason])
