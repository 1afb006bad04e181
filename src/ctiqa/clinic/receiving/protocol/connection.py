"""A connection with a deadline: whoever is silent or slow is let go."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

from ctiqa.clinic.receiving.protocol.faults import GoneError, TlsError, TooSlowError

PROGRESS_BYTES = 1 << 16
"""So much, or a whole message, must come within the time that a connection may be idle."""

LINGER_S = 0.5
"""Longest wait for the peer to close, in seconds."""

MOST_LINGER_BYTES = 1 << 20


class Connection:
    """A connection to a sender.

    Args:
        sock: Its socket; with TLS, wrapped.
        idle_seconds: How long it may be idle.
    """

    def __init__(self, sock: socket.socket, idle_seconds: float) -> None:
        self._sock = sock
        self._idle_seconds = idle_seconds
        self.has_received = False
        """Whether anything has come."""
        self.progress()

    def secure(self) -> None:
        """Agree on the encryption; without TLS there is nothing to do.

        Raises:
            GoneError: If the connection ends before.
            TlsError: If the peer has no valid certificate, or speaks no TLS.
        """
        if not isinstance(self._sock, ssl.SSLSocket):
            return
        try:
            self._sock.settimeout(self._seconds_left())
            self._sock.do_handshake()
        except TimeoutError:
            raise self._too_slow() from None
        except (ConnectionError, ssl.SSLEOFError) as error:
            raise GoneError("the sender has closed the connection") from error
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", None) or type(error).__name__
            raise TlsError(f"TLS fails ({why})") from error

    def allow(self, idle_seconds: float) -> None:
        """Change how long it may be idle."""
        self._idle_seconds = idle_seconds
        self.progress()

    def progress(self) -> None:
        """A message is complete, or enough has come: the time starts again."""
        self._moved = 0
        self._deadline = time.monotonic() + self._idle_seconds

    def read(self, n_bytes: int) -> bytearray:
        """The next bytes.

        Args:
            n_bytes: How many; the caller limits them.

        Raises:
            GoneError: If the connection ends before.
        """
        data = bytearray(n_bytes)
        with memoryview(data) as view:
            done = 0
            while done < n_bytes:
                done += self._receive(view[done:])
        return data

    def send(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            GoneError: If the peer does not take them.
        """
        try:
            self._sock.settimeout(self._seconds_left())
            self._sock.sendall(data)
        except OSError as error:
            raise GoneError("the sender does not read its answers") from error

    def interrupt(self) -> None:
        """End reading, from another thread; an answer can still be sent."""
        # The method of an SSL socket would give up the encryption, too.
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RD)

    def close(self) -> None:
        """Close, after the peer had the chance to read what was sent."""
        with self._sock, suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
            end = time.monotonic() + LINGER_S
            for _ in range(MOST_LINGER_BYTES // PROGRESS_BYTES):
                self._sock.settimeout(max(end - time.monotonic(), 0.001))
                if not socket.socket.recv(self._sock, PROGRESS_BYTES):
                    break

    def _receive(self, view: memoryview) -> int:
        try:
            self._sock.settimeout(self._seconds_left())
            n_bytes = self._sock.recv_into(view)
        except TimeoutError:
            raise self._too_slow() from None
        except OSError as error:
            raise GoneError("the connection was cut") from error
        if not n_bytes:
            raise GoneError("the sender has closed the connection")
        self.has_received = True
        self._moved += n_bytes
        if self._moved >= PROGRESS_BYTES:
            self.progress()
        return n_bytes

    def _seconds_left(self) -> float:
        """Time for the next step; what has come while the disk was slow is still read."""
        return max(self._deadline - time.monotonic(), 0.001)

    def _too_slow(self) -> TooSlowError:
        return TooSlowError(f"nothing, or too little, came for {self._idle_seconds:g} s")
