"""What all channels have in common."""

from __future__ import annotations


class NotToldError(Exception):
    """A channel could not send a message; the text says why and what to do."""


class PartlyToldError(NotToldError):
    """Some receivers have the message, so it is not sent again."""
