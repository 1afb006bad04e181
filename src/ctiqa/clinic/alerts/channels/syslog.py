"""Messages to syslog: one line for each alert (RFC 5424), over UDP, TCP or the local socket."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from ctiqa.clinic.alerts.channels.fault import NotToldError
from ctiqa.clinic.alerts.message import Message, line_of
from ctiqa.clinic.config.sending import Syslog
from ctiqa.clinic.sending.probing import unreachable

LOCAL = Path("/dev/log")
"""Socket of the syslog of this computer."""

TIMEOUT_S = 10.0

DAEMON = 3
"""Facility (RFC 5424, table 1)."""

WARNING, NOTICE = 4, 5
"""Severities (RFC 5424, table 2)."""


def send_syslog(channel: Syslog, message: Message) -> None:
    """Send a message; over UDP nobody can know whether it has arrived.

    Raises:
        NotToldError: If syslog cannot be reached.
    """
    try:
        if channel.host is None:
            _send_here(message)
        elif channel.protocol == "udp":
            _send_datagrams(channel.host, channel.port, message)
        else:
            _send_stream(channel.host, channel.port, message)
    except OSError as error:
        raise NotToldError(unreachable(error)) from None


def records(message: Message) -> Iterator[bytes]:
    """The lines as RFC 5424 has them; the text is UTF-8 behind its mark."""
    time = message.created.isoformat(timespec="milliseconds")
    for severity, text in _lines(message):
        head = f"<{8 * DAEMON + severity}>1 {time} {_host()} ctiqa {os.getpid()} alert - "
        yield head.encode("ascii") + b"\xef\xbb\xbf" + text.encode()


def _lines(message: Message) -> Iterator[tuple[int, str]]:
    for each in message.news:
        severity = NOTICE if each.happening == "ended" else WARNING
        yield severity, f"{message.source}: {each.happening}: {line_of(each)}"
    if message.n_more:
        yield WARNING, f"{message.source}: and {message.n_more} more; see the pages of ctiqa"


def _host() -> str:
    """Name of this computer, as far as it may stand in a header."""
    return re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:255] or "-"


def _send_here(message: Message) -> None:
    """The local socket takes the older form, without time and host."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stream:
        stream.settimeout(TIMEOUT_S)
        stream.connect(str(LOCAL))
        for severity, text in _lines(message):
            stream.send(f"<{8 * DAEMON + severity}>ctiqa[{os.getpid()}]: {text}".encode())


def _send_datagrams(host: str, port: int, message: Message) -> None:
    (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_DGRAM
    )
    with socket.socket(family, kind, protocol) as stream:
        stream.settimeout(TIMEOUT_S)
        for record in records(message):
            stream.sendto(record, address)


def _send_stream(host: str, port: int, message: Message) -> None:
    """Each line with its length before it (RFC 6587, 3.4.1)."""
    with socket.create_connection((host, port), TIMEOUT_S) as stream:
        for record in records(message):
            stream.sendall(f"{len(record)} ".encode() + record)
