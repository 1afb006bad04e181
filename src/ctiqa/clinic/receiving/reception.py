"""How a connection is served, from the first byte to the last."""

from __future__ import annotations

from contextlib import suppress

from ctiqa.clinic.config.listening import Listen
from ctiqa.clinic.receiving.association import Association
from ctiqa.clinic.receiving.callers import why_rejected
from ctiqa.clinic.receiving.counts import Counts
from ctiqa.clinic.receiving.instance import DISK, Inbox
from ctiqa.clinic.receiving.journal import Journal
from ctiqa.clinic.receiving.protocol.commands import Reply
from ctiqa.clinic.receiving.protocol.faults import (
    AbortReason,
    GoneError,
    ProtocolError,
    TlsError,
    TooSlowError,
)
from ctiqa.clinic.receiving.protocol.negotiation import Rejection, Titles, agree, titles
from ctiqa.clinic.receiving.protocol.pdus import Kind, abort_pdu, read_pdu, reject_pdu
from ctiqa.clinic.receiving.seats import Guest, Seats
from ctiqa.text.plain_text import clean

MEGABYTE = 1e6

NO_SEAT = Rejection(2, 3, 2, "too many associations at once; see 'most_associations' in [listen]")
OTHER_VERSION = Rejection(1, 2, 2, "it speaks another version of the protocol")


class Reception:
    """Serves connections, each in a thread of its own.

    Args:
        listen: The configuration.
        inbox: Where instances go.
        seats: Who is connected.
        counts: What is counted.
    """

    def __init__(self, listen: Listen, inbox: Inbox, seats: Seats, counts: Counts) -> None:
        self._listen = listen
        self._inbox = inbox
        self._seats = seats
        self._counts = counts
        self._journal = Journal()

    def serve(self, guest: Guest) -> None:
        """Serve a connection to its end; whatever the sender does, nothing is raised."""
        try:
            self._serve(guest)
        except GoneError as gone:
            # Programs that watch whether a port is open connect, and send nothing.
            if guest.connection.has_received or isinstance(gone, TlsError | TooSlowError):
                self._broken(guest, str(gone))
            self._abort(guest, AbortReason.NOT_SPECIFIED)
        except ProtocolError as error:
            self._broken(guest, str(error))
            self._abort(guest, error.reason)
        # A fault of the program must not end the listener; its type says nothing of a patient.
        except Exception as error:  # noqa: BLE001
            self._broken(guest, f"internal error ({type(error).__name__}); please report it")
            self._abort(guest, AbortReason.NOT_SPECIFIED)
        finally:
            guest.connection.close()
            self._seats.leave(guest)

    def _serve(self, guest: Guest) -> None:
        connection = guest.connection
        connection.secure()
        pdu = read_pdu(connection)
        if pdu.kind is not Kind.REQUEST:
            raise ProtocolError("it sends, but has no association", AbortReason.UNEXPECTED_PDU)
        who = titles(pdu.body)
        agreement = self._why_not(guest, who) or agree(pdu.body)
        if not isinstance(agreement, Rejection) and not self._seats.sit(guest, who.calling):
            agreement = NO_SEAT
        if isinstance(agreement, Rejection):
            self._reject(guest, who, agreement)
            return
        self._counts.add("associations")
        connection.allow(self._listen.idle_seconds)
        connection.send(agreement.pdu)
        Association(
            connection,
            agreement,
            who.calling,
            self._inbox,
            lambda answer, n_bytes: self._told(guest, answer, n_bytes),
        ).serve()

    def _why_not(self, guest: Guest, who: Titles) -> Rejection | None:
        if not who.is_known_version:
            return OTHER_VERSION
        return why_rejected(self._listen, who.calling, who.called, guest.address)

    def _reject(self, guest: Guest, who: Titles, why: Rejection) -> None:
        self._counts.add("rejected_associations")
        self._problem(guest, f"association of '{who.calling}' rejected: {why.sentence}")
        guest.connection.send(reject_pdu(why.result, why.source, why.reason))

    def _told(self, guest: Guest, answer: Reply, n_bytes: int) -> None:
        """Count what was stored or refused."""
        self._counts.disk_fails = answer in DISK
        if answer.status == 0:
            self._counts.add("instances")
            self._counts.add("megabytes", n_bytes / MEGABYTE)
            return
        self._counts.add("refused_instances")
        self._problem(guest, f"instance refused (0x{answer.status:04X}): {answer.comment}")

    def _broken(self, guest: Guest, why: str) -> None:
        """Count an association, or what could have become one, that did not end well."""
        self._counts.add("broken_associations")
        self._problem(guest, f"connection ended: {why}")

    def _problem(self, guest: Guest, sentence: str) -> None:
        sender = f"{guest.caller} at {guest.address}" if guest.caller else guest.address
        self._counts.problem(f"{clean(sender, 64)}: {clean(sentence, 160)}")
        self._journal.warn(sender, sentence)

    @staticmethod
    def _abort(guest: Guest, reason: AbortReason) -> None:
        with suppress(GoneError):
            guest.connection.allow(1)
            guest.connection.send(abort_pdu(reason))
