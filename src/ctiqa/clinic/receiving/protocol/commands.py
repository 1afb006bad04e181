"""Command sets of DIMSE messages (PS3.7, 6.3, 9.3): a few elements, Implicit VR Little Endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ctiqa.clinic.receiving.protocol.faults import ProtocolError
from ctiqa.clinic.spool.spool import is_file_uid

MOST_COMMAND = 1 << 14
"""Longest command that is accepted, in bytes; usual ones have 200."""

ELEMENT = struct.Struct("<HHL")
NO_DATA = 0x0101
RESPONSE = 0x8000
MOST_COMMENT = 64

C_STORE, C_ECHO, C_CANCEL = 0x0001, 0x0030, 0x0FFF

GROUP_LENGTH, SOP_CLASS, FIELD, MESSAGE_ID, ANSWERED_ID, DATA_TYPE, STATUS, COMMENT, INSTANCE = (
    0x0000,
    0x0002,
    0x0100,
    0x0110,
    0x0120,
    0x0800,
    0x0900,
    0x0902,
    0x1000,
)
"""Elements of group 0000."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the sender.

    Attributes:
        field: What is asked for, such as :data:`C_STORE`.
        message_id: Number of the message.
        has_data: Whether a data set follows.
        sop_class: Affected SOP Class UID.
        instance: Affected SOP Instance UID; not checked.
    """

    field: int
    message_id: int
    has_data: bool
    sop_class: str
    instance: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command.

    Attributes:
        status: Its status (PS3.7, C); 0 is success.
        comment: What is wrong, at most 64 ASCII characters.
    """

    status: int
    comment: str = ""


def read_command(data: bytes) -> Command:
    """Read a command set.

    Raises:
        ProtocolError: If it is none, or misses what every command has.
    """
    elements = _elements(data)
    field = _number(elements, FIELD)
    # The sender of a C-CANCEL states which message it cancels, and no number of its own.
    message_id = 0 if field == C_CANCEL else _number(elements, MESSAGE_ID)
    return Command(
        field,
        message_id,
        _number(elements, DATA_TYPE) != NO_DATA,
        _text(elements, SOP_CLASS),
        _text(elements, INSTANCE),
    )


def response(command: Command, answer: Reply) -> bytes:
    """The command set of a response.

    >>> echo = Command(C_ECHO, 7, False, "1.2.840.10008.1.1", "")
    >>> read_command(response(echo, Reply(0)) + ELEMENT.pack(0, MESSAGE_ID, 2) + b"..").field == (
    ...     C_ECHO | RESPONSE
    ... )
    True
    """
    # What is no UID is not sent back: it may be 16 KiB of anything.
    instance = command.instance if is_file_uid(command.instance) else ""
    parts = (
        _element(SOP_CLASS, _even(command.sop_class[:64], b"\0")),
        _element(FIELD, struct.pack("<H", command.field | RESPONSE)),
        _element(ANSWERED_ID, struct.pack("<H", command.message_id)),
        _element(DATA_TYPE, struct.pack("<H", NO_DATA)),
        _element(STATUS, struct.pack("<H", answer.status)),
        _element(COMMENT, _even(answer.comment[:MOST_COMMENT], b" ")) if answer.comment else b"",
        _element(INSTANCE, _even(instance, b"\0")) if instance else b"",
    )
    body = b"".join(parts)
    return _element(GROUP_LENGTH, struct.pack("<L", len(body))) + body


def _elements(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0
    while place < len(data):
        if len(data) - place < ELEMENT.size:
            raise ProtocolError("a command is cut off")
        group, element, length = ELEMENT.unpack_from(data, place)
        place += ELEMENT.size
        if group != 0 or length > len(data) - place:
            raise ProtocolError("a command has an element that does not belong there")
        found[element] = data[place : place + length]
        place += length
    return found


def _number(elements: dict[int, bytes], element: int) -> int:
    value = elements.get(element, b"")
    if len(value) != 2:
        raise ProtocolError(f"a command must have the element (0000,{element:04X})")
    return int.from_bytes(value, "little")


def _text(elements: dict[int, bytes], element: int) -> str:
    return elements.get(element, b"").decode("ascii", "replace").strip("\0 ")


def _element(element: int, value: bytes) -> bytes:
    return ELEMENT.pack(0, element, len(value)) + value


def _even(text: str, padding: bytes) -> bytes:
    data = text.encode("ascii", "replace")
    return data + padding * (len(data) % 2)
