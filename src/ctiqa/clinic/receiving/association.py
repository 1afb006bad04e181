"""One association: commands and data sets in, answers out, until the sender releases it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ctiqa.clinic.receiving.instance import Arriving, Inbox
from ctiqa.clinic.receiving.protocol.commands import (
    C_CANCEL,
    C_ECHO,
    C_STORE,
    MOST_COMMAND,
    RESPONSE,
    Command,
    Reply,
    read_command,
    response,
)
from ctiqa.clinic.receiving.protocol.connection import Connection
from ctiqa.clinic.receiving.protocol.faults import AbortReason, GoneError, ProtocolError
from ctiqa.clinic.receiving.protocol.negotiation import Agreement
from ctiqa.clinic.receiving.protocol.pdus import (
    COMMAND,
    LAST,
    Fragment,
    Kind,
    Pdu,
    data_pdu,
    fragments,
    read_pdu,
    release_pdu,
)

DONE = Reply(0x0000)
UNKNOWN_OPERATION = Reply(0x0211, "only C-STORE and C-ECHO are supported")
NO_DATA_SET = Reply(0xC000, "the command came without a data set")

MOST_OTHER_BYTES = 1 << 20
"""Longest data set of a command that is refused."""

Told = Callable[[Reply, int], None]
"""Is called with each answer to a C-STORE and the size of the data set."""


class Association:
    """An association.

    Args:
        connection: Its connection.
        agreement: What was negotiated.
        source: AE title of the sender.
        inbox: Where instances go.
        told: Counts what is answered.
    """

    def __init__(
        self, connection: Connection, agreement: Agreement, source: str, inbox: Inbox, told: Told
    ) -> None:
        self._connection = connection
        self._agreement = agreement
        self._source = source
        self._inbox = inbox
        self._told = told
        self._begin()

    def serve(self) -> None:
        """Answer until the sender releases the association.

        Raises:
            GoneError: If the connection ends before, or the sender aborts.
            ProtocolError: If the sender breaks the protocol.
        """
        try:
            while not self._is_released(read_pdu(self._connection)):
                pass
        finally:
            if self._arriving is not None:
                self._arriving.drop()

    def _is_released(self, pdu: Pdu) -> bool:
        if pdu.kind is Kind.DATA:
            for fragment in fragments(pdu.body):
                self._take(fragment)
            return False
        if pdu.kind is Kind.RELEASE:
            with suppress(GoneError):
                self._connection.send(release_pdu())
            return True
        if pdu.kind is Kind.ABORT:
            raise GoneError("the sender has aborted")
        raise ProtocolError(f"a PDU of kind {pdu.kind.name} came", AbortReason.UNEXPECTED_PDU)

    def _begin(self) -> None:
        """Wait for the next message."""
        self._text = bytearray()
        self._command: Command | None = None
        self._context = 0
        self._arriving: Arriving | None = None
        self._n_ignored = 0

    def _take(self, fragment: Fragment) -> None:
        if fragment.is_command:
            self._take_command(fragment)
        else:
            self._take_data(fragment)

    def _take_command(self, fragment: Fragment) -> None:
        if self._command is not None:
            raise ProtocolError("a command came before the data set of the last one")
        self._text += fragment.data
        if len(self._text) > MOST_COMMAND:
            raise ProtocolError(f"a command of more than {MOST_COMMAND} bytes came")
        if fragment.is_last:
            self._obey(read_command(bytes(self._text)), fragment.context)

    def _obey(self, command: Command, number: int) -> None:
        """Answer a command, or wait for its data set."""
        context = self._agreement.contexts.get(number)
        if context is None:
            raise ProtocolError("a message came in a context that was not accepted")
        if command.field & RESPONSE:
            raise ProtocolError("an answer came, although nothing was asked")
        self._command, self._context = command, number
        if not command.has_data:
            self._answer(_without_data(command))
        elif command.field == C_STORE:
            self._arriving = Arriving(self._inbox, command, context, self._source)

    def _take_data(self, fragment: Fragment) -> None:
        if self._command is None or fragment.context != self._context:
            raise ProtocolError("a data set came without its command")
        if self._arriving is not None:
            self._arriving.write(fragment.data)
        else:
            self._ignore(len(fragment.data))
        if fragment.is_last:
            self._answer(UNKNOWN_OPERATION if self._arriving is None else self._arriving.finish())

    def _ignore(self, n_bytes: int) -> None:
        self._n_ignored += n_bytes
        if self._n_ignored > MOST_OTHER_BYTES:
            raise ProtocolError("a long data set came with a command that is not supported")

    def _answer(self, answer: Reply) -> None:
        """Answer the command, and wait for the next."""
        assert self._command is not None  # noqa: S101 - an answer has a command
        if self._command.field == C_STORE:
            self._told(answer, self._arriving.n_bytes if self._arriving is not None else 0)
        # The time that the disk took is not that of the sender.
        self._connection.progress()
        if self._command.field != C_CANCEL:
            self._send(response(self._command, answer))
        self._begin()

    def _send(self, command: bytes) -> None:
        most = self._agreement.most_pdu
        step = max(most - 6, 2) if most else len(command)
        for place in range(0, len(command), step):
            is_last = place + step >= len(command)
            header = COMMAND | (LAST if is_last else 0)
            self._connection.send(data_pdu(self._context, header, command[place : place + step]))


def _without_data(command: Command) -> Reply:
    if command.field == C_ECHO:
        return DONE
    return NO_DATA_SET if command.field == C_STORE else UNKNOWN_OPERATION
