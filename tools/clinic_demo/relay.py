"""Passes bytes between sockets, so that a program in a network of its own can be reached."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK = 1 << 16

Connect = Callable[[], socket.socket]


def by_port(port: int) -> Connect:
    """Connects to a port on the loopback address."""
    return lambda: socket.create_connection(("127.0.0.1", port))


def by_file(file: Path) -> Connect:
    """Connects to a socket in the file system, which every network of the computer shares."""

    def connect() -> socket.socket:
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.connect(str(file))
        except OSError:
            stream.close()
            raise
        return stream

    return connect


def at_port(port: int = 0) -> socket.socket:
    """A socket that listens on the loopback address; 0 lets the system choose its port."""
    return socket.create_server(("127.0.0.1", port))


def at_file(file: Path) -> socket.socket:
    """A socket that listens in the file system."""
    stream = socket.socket(socket.AF_UNIX)
    stream.bind(str(file))
    stream.listen()
    return stream


@contextmanager
def relayed(listening: socket.socket, connect: Connect) -> Iterator[None]:
    """Every connection to a socket goes on to another one.

    Args:
        listening: The socket; it is closed at the end.
        connect: Connects to the other one.
    """
    thread = threading.Thread(target=_accept, args=(listening, connect), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _accept(listening: socket.socket, connect: Connect) -> None:
    while True:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(near, connect), daemon=True).start()


def _join(near: socket.socket, connect: Connect) -> None:
    with near:
        try:
            far = connect()
        except OSError:
            return
        with far:
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
