"""How an association ends before its time."""

from __future__ import annotations

from enum import IntEnum


class AbortReason(IntEnum):
    """Reasons of an A-ABORT of the service provider (PS3.8, table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNISED_PDU = 1
    UNEXPECTED_PDU = 2
    INVALID_VALUE = 6


class GoneError(Exception):
    """The connection was closed, cut, or so slow that it is taken for that."""


class TooSlowError(GoneError):
    """Nothing, or too little, came for too long."""


class TlsError(GoneError):
    """The sender and the listener do not agree on TLS."""


class ProtocolError(Exception):
    """The sender breaks the protocol; the association is aborted.

    Args:
        sentence: What it did.
        reason: What it is told.
    """

    def __init__(self, sentence: str, reason: AbortReason = AbortReason.INVALID_VALUE) -> None:
        super().__init__(sentence)
        self.reason = reason
