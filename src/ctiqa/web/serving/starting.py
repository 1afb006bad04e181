"""What must hold before the server starts."""

from __future__ import annotations

import errno
import socket

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.checks.ports import is_loopback
from ctiqa.clinic.config.web import Web
from ctiqa.errors import OutputError, UsageError
from ctiqa.web.audit import Audit

BACKLOG = 256


def check_start(config: Config) -> None:
    """Refuse a configuration that would show scans to everybody, or whose audit is not written.

    Raises:
        UsageError: If there are no users, but others than this computer could look.
        OutputError: If the audit cannot be written.

    >>> check_start(Config.model_validate({"web": {"host": "10.0.0.9"}}))
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'web.host' must be a loopback address such as 127.0.0.1 as long as
    there are no users, got '10.0.0.9'; add [[web.users]], with passwords of 'ctiqa config password'
    """
    if not config.web.users:
        _check_is_local(config.web)
    try:
        Audit(config.web.audit_file).check()
    except OSError as error:
        raise OutputError(
            f"'web.audit_file' cannot be written: {error.strerror or error}; ask for permission, "
            "or name another file"
        ) from None


def bound(web: Web) -> socket.socket:
    """A socket that listens at the address of the configuration.

    Raises:
        OutputError: If the port is in use, or the address is not one of this computer.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol, asyncio knows TCP and sends small answers without delay (40 ms).
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _refused(web, error) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _refused(web, error) from None
    return listening


def address_of(listening: socket.socket) -> str:
    """The address that people type.

    >>> with socket.create_server(("127.0.0.1", 0)) as listening:
    ...     address_of(listening).startswith("http://127.0.0.1:")
    True
    """
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _check_is_local(web: Web) -> None:
    remedy = "add [[web.users]], with passwords of 'ctiqa config password'"
    if not is_loopback(web.host):
        raise UsageError(
            "'web.host' must be a loopback address such as 127.0.0.1 as long as there are no "
            f"users, got '{web.host}'; {remedy}"
        )
    for key in ("names", "proxies", "https"):
        if getattr(web, key):
            raise UsageError(
                f"'web.{key}' must not be set as long as there are no users, because through a "
                f"proxy others than this computer could look; {remedy}"
            )


def _refused(web: Web, error: OSError) -> OutputError:
    place = f"port {web.port} of '{web.host}'"
    if error.errno == errno.EADDRINUSE:
        return OutputError(
            f"{place} must be free, but another program listens there; end it, or set 'web.port'"
        )
    return OutputError(
        f"{place} cannot be opened: {error.strerror or error}; set 'web.host' and 'web.port'"
    )
