"""Checks of addresses, ports and AE titles."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator

from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.listening import Listen
from ctiqa.clinic.config.sending import DicomTarget
from ctiqa.text.plain_text import clean


def check_ports(config: Config) -> Iterator[Check]:
    """Check that both servers can listen, who may send, and that no result comes back."""
    yield _port("listen", config.listen.host, config.listen.port, "ctiqa listen")
    yield from _senders(config.listen)
    for n, target in enumerate(config.send, start=1):
        if isinstance(target, DicomTarget):
            yield _title(f"send[{n}]", target, config.listen)
    yield _port("web", config.web.host, config.web.port, "ctiqa serve")


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this computer alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(section: str, host: str, port: int, program: str) -> Check:
    """Whether a server can listen on an address and a port; no name is looked up."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        why = f"'{clean(host)}' is a name, resolved only at start; an address is safer"
        return Check(f"{section}.host", "note", why)
    kind = socket.AF_INET if address.version == 4 else socket.AF_INET6
    where = f"{host}:{port}"
    try:
        with socket.socket(kind, socket.SOCK_STREAM) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stream.bind((str(address), port))
    except OSError as error:
        return _not_bound(section, where, error, program)
    return Check(f"{section}.port", "ok", f"{where} is free")


def _not_bound(section: str, where: str, error: OSError, program: str) -> Check:
    if error.errno == errno.EADDRINUSE:
        why = f"{where} is in use; this is fine if '{program}' is running"
        return Check(f"{section}.port", "warning", f"{why}, otherwise choose another port")
    if error.errno == errno.EACCES:
        why = f"{where} needs privileges that this user lacks; choose a port above 1023"
        return Check(f"{section}.port", "broken", why)
    if error.errno == errno.EADDRNOTAVAIL:
        why = f"{where} is not an address of this computer; use one that is, or 0.0.0.0 for all"
        return Check(f"{section}.host", "broken", why)
    return Check(f"{section}.port", "broken", f"{where} cannot be used: {error.strerror}")


def _senders(listen: Listen) -> Iterator[Check]:
    """Who may send, and how sure that is."""
    place = "listen.peers"
    if listen.any_peer:
        place = "listen.any_peer"
        if not is_loopback(listen.host):
            why = "everybody in the network may send; list the senders in [[listen.peers]]"
            yield Check(place, "warning", why)
        elif listen.peers:
            why = "titles that are not listed are accepted too; remove any_peer"
            yield Check(place, "warning", why)
        else:
            yield Check(place, "note", "every program on this computer may send")
        return
    if not listen.peers:
        why = "nobody may send: 'ctiqa listen' refuses; add a table [[listen.peers]]"
        yield Check(place, "broken", why)
        return
    titles = ", ".join(each.ae_title for each in listen.peers)
    yield Check(place, "ok", f"may send: {titles}")
    yield from _sureness(listen)


def _sureness(listen: Listen) -> Iterator[Check]:
    """AE titles are no secret: anyone who knows one can use it."""
    loose = [each.ae_title for each in listen.peers if not each.addresses]
    if loose and listen.tls is None and not is_loopback(listen.host):
        why = f"{', '.join(loose)} may send from any address, and an AE title is no secret"
        yield Check("listen.peers", "warning", f"{why}; set 'addresses' or [listen.tls]")


def _title(place: str, target: DicomTarget, listen: Listen) -> Check:
    """Whether results would be sent to the listener itself."""
    is_same_port = target.port == listen.port
    is_here = target.host == listen.host or is_loopback(target.host)
    if is_same_port and is_here:
        why = f"{target.host}:{target.port} is the listener itself; set the address of the archive"
        return Check(f"{place}.port", "broken", why)
    if target.ae_title == listen.ae_title:
        why = f"'{target.ae_title}' is also the AE title of the listener"
        return Check(f"{place}.ae_title", "warning", f"{why}; every AE needs a title of its own")
    return Check(f"{place}.ae_title", "ok", f"results go to {target.ae_title}")
