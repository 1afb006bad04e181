"""A listener for tests: in a thread, or in a process that can be killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.receiving.listener import Listener


@dataclass(frozen=True)
class Running:
    """A running listener."""

    listener: Listener
    config: Config

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.listener.port

    def files(self) -> list[Path]:
        """What was acknowledged."""
        return [file for _, file in self.listener.spool.arrived()]

    def leftovers(self) -> list[Path]:
        """What is being received, or was left."""
        return list(self.listener.spool.tmp.iterdir())


def configured(folder: Path, **listen: Any) -> Config:
    """A configuration; without ``peers``, everybody may send."""
    spool = {"folder": str(folder / "spool"), "reserve_gigabytes": listen.pop("reserve", 0)}
    listen = {"port": 0, "any_peer": "peers" not in listen, **listen}
    store = {"address": str(folder / "ct.sqlite")}
    return config_from({"spool": spool, "listen": listen, "store": store})


@contextmanager
def receiving(folder: Path, **listen: Any) -> Iterator[Running]:
    """A listener in a thread; its port is chosen by the system."""
    config = configured(folder, **listen)
    running, stop = Running(Listener(config), config), threading.Event()
    thread = threading.Thread(target=running.listener.serve, args=(stop,))
    thread.start()
    try:
        yield running
    finally:
        stop.set()
        thread.join()


def serve_in_process(folder: str, told: Connection, listen: dict[str, Any]) -> None:
    """Listen until the process is killed; the port is told."""
    listener = Listener(configured(Path(folder), **listen))
    told.send(listener.port)
    listener.serve(threading.Event())
