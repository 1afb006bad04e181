"""Messages to systemd: ready, alive, stopping (``Type=notify``)."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress


class ServiceManager:
    """Tells systemd how it goes; does nothing without systemd."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        micros = os.environ.get("WATCHDOG_USEC", "")
        self._every_s = int(micros) / 2e6 if micros.isdigit() else 0.0
        self._due = 0.0

    def ready(self) -> None:
        """The listener listens."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """The clinic stops."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The supervisor works; told as often as systemd wants to hear it."""
        if self._every_s and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every_s
            self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # An address in the abstract name space begins with a zero byte.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stream:
            stream.connect(address)
            stream.send(message.encode())
