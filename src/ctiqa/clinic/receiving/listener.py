"""The socket of the listener, and a thread for each connection."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.listening import Listen
from ctiqa.clinic.receiving.callers import check_peers
from ctiqa.clinic.receiving.counts import Counts
from ctiqa.clinic.receiving.instance import Inbox
from ctiqa.clinic.receiving.protocol.connection import Connection
from ctiqa.clinic.receiving.reception import Reception
from ctiqa.clinic.receiving.seats import Guest, Seats
from ctiqa.clinic.receiving.tls import server_context
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import OutputError

log = logging.getLogger("ctiqa.clinic")

FIRST_PATIENCE_S = 30.0
"""Longest time from the connection to the request for an association."""

LOOK_S = 0.2
"""Time between two looks whether the listener is to stop."""

FAREWELL_S = 3.0
"""Longest wait for answers that are being given when the listener stops."""

BACKLOG = 128

WHY_NOT = {
    errno.EADDRINUSE: "another program uses it; stop that, or choose another 'port'",
    errno.EACCES: "ports below 1024 are for the administrator; choose another 'port'",
    errno.EADDRNOTAVAIL: "this computer has no such address; correct 'host'",
}


class Listener:
    """Listens as soon as it is made.

    Args:
        config: The configuration.

    Raises:
        UsageError: If nobody may send, or a certificate cannot be used.
        OutputError: If the spool cannot be written, or the address and port cannot be used.
    """

    def __init__(self, config: Config) -> None:
        listen = config.listen
        check_peers(listen)
        self._tls = server_context(config)
        self.spool = SpoolFolder(config.spool.folder, round(config.spool.reserve_gigabytes * 1e9))
        self.spool.prepare()
        self.counts = Counts()
        self.seats = Seats(listen.most_associations, keep_one_free=len(listen.peers) > 1)
        self._patience = min(listen.idle_seconds, FIRST_PATIENCE_S)
        inbox = Inbox(self.spool, listen.most_instance_megabytes * 10**6)
        self._reception = Reception(listen, inbox, self.seats, self.counts)
        self._threads: list[threading.Thread] = []
        self._socket = _listening(listen)
        self.port = int(self._socket.getsockname()[1])
        """Its port, also if the system has chosen it."""

    def serve(self, stop: threading.Event) -> None:
        """Serve senders until ``stop`` is set; then connections are ended.

        An instance whose last byte has come is still kept and acknowledged.
        """
        with self._socket:
            self._socket.settimeout(LOOK_S)
            while not stop.is_set():
                self._accept()
        self.seats.interrupt_all()
        end = time.monotonic() + FAREWELL_S
        for each in self._threads:
            each.join(max(end - time.monotonic(), 0))

    def _accept(self) -> None:
        try:
            sock, address = self._socket.accept()
        except TimeoutError:
            return
        except OSError as error:
            # Such as too many open files: those that are connected go on.
            log.warning("receiver: no connection can be accepted: %s", error.strerror)
            time.sleep(LOOK_S)
            return
        self._threads = [each for each in self._threads if each.is_alive()]
        with _closed_on_failure(sock):
            guest = Guest(self._connection(sock), str(address[0]))
            self.seats.enter(guest)
            thread = threading.Thread(
                target=self._reception.serve, args=(guest,), name="sender", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _connection(self, sock: socket.socket) -> Connection:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return Connection(sock, self._patience)


@contextmanager
def _closed_on_failure(sock: socket.socket) -> Iterator[None]:
    """A connection that is gone already is no reason to stop listening."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        log.warning("receiver: a connection was lost: %s", type(error).__name__)
        sock.close()


def _listening(listen: Listen) -> socket.socket:
    place = f"'{listen.host}' port {listen.port}"
    try:
        found = socket.getaddrinfo(
            listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror:
        raise OutputError(
            f"the listener must have an address of this computer, got '{listen.host}', which is "
            "unknown; correct 'host' in [listen]"
        ) from None
    except OSError as error:
        why = WHY_NOT.get(error.errno or 0, error.strerror or "choose another one")
        raise OutputError(f"the listener cannot listen on {place}: {why} in [listen]") from None
