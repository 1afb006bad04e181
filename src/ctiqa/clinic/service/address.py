"""The address of the listener: free before it starts, taken once it listens."""

from __future__ import annotations

import errno
import socket
import time

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.service.errors import StartError

PATIENCE_S = 3.0
"""How long a port in use is waited for, in seconds."""

LOOK_S = 0.05


def with_port(config: Config) -> Config:
    """The configuration with a port, if the system is to choose one (0)."""
    if config.listen.port:
        return config
    with _bound(config.listen.host, 0) as stream:
        port = stream.getsockname()[1]
    return config.model_copy(update={"listen": config.listen.model_copy(update={"port": port})})


def check_free(host: str, port: int) -> None:
    """Check that a port is free.

    Raises:
        StartError: If another program listens there, or the address is not of this computer.
    """
    end = time.monotonic() + PATIENCE_S
    # The parts of a listener that was killed a moment ago are still ending.
    while is_taken(host, port) and time.monotonic() < end:
        time.sleep(LOOK_S)
    try:
        _bound(host, port).close()
    except OSError as error:
        raise StartError(
            f"the listener cannot use {host}:{port}: {error.strerror or error}; stop the program "
            "that listens there, or choose another 'port' or 'host' in [listen]"
        ) from None


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens at an address of this computer."""
    try:
        _bound(host, port).close()
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _bound(host: str, port: int) -> socket.socket:
    """A socket at an address; that of a program that has ended is free."""
    kind, *_, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    stream = socket.socket(kind, socket.SOCK_STREAM)
    try:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind(address)
    except OSError:
        stream.close()
        raise
    return stream
