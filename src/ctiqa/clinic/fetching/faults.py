"""What goes wrong while fetching: for one series, or for the whole archive."""

from __future__ import annotations

from ctiqa.archive.sources.dicomweb.session import Fault


class ArchiveFault(Fault):
    """A failure that holds for every series now; the look ends, and nothing counts as a try."""


class StoppedError(Exception):
    """The program is to end."""


WHOLE = frozenset({401, 403, 407, 408, 425, 429, 502, 503, 504})
"""Statuses of HTTP that do not depend on what was asked for."""

_TEXTS = {
    401: "does not accept the login of ctiqa; see user, password or token in [[fetch]]",
    403: "does not allow it; allow the user of ctiqa to read there",
    404: "has nothing at this address; correct 'url' in [[fetch]]",
    407: "is behind a proxy that asks for a login; state an address without a proxy",
    410: "no longer has it",
}


def refused(status: int) -> Fault:
    """The fault for a status of HTTP that is not success.

    >>> type(refused(503)).__name__, type(refused(500)).__name__
    ('ArchiveFault', 'Fault')
    >>> str(refused(302))
    "it redirects to another address; state the final one in 'url' (HTTP status 302)"
    """
    if status in _TEXTS:
        text = _TEXTS[status]
    elif 300 <= status < 400:
        text = "redirects to another address; state the final one in 'url'"
    else:
        text = "fails or is overloaded; see its log"
    kind = ArchiveFault if status in WHOLE or 300 <= status < 400 else Fault
    return kind(f"it {text} (HTTP status {status})", status)
