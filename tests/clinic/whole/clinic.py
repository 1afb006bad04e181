"""The whole clinic in processes of its own: listener, dashboard, database and an archive."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from tests.clinic.whole.pacs import Pacs

from ctiqa.store import open_store

START_S = 60
"""Longest time that a part may take to start on a busy computer, in seconds."""

CONFIG = """\
[store]
address = "{address}"

[spool]
folder = "{folder}/spool"
reserve_gigabytes = 0

[listen]
port = {port}
any_peer = true

[score]
workers = {workers}
quiet_seconds = {quiet}
lease_seconds = 20
tries = 10

[[send]]
kind = "dicom"
name = "pacs"
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}

[web]
port = {web}
secret_file = "{folder}/web.key"
audit_file = "{folder}/audit.log"

{more}
"""


@dataclass
class Clinic:
    """A running clinic.

    Attributes:
        folder: Where everything is.
        address: Address of the store.
        port: Port of the listener.
        web: Port of the dashboard.
        pacs: Takes the results.
        running: The commands that run, by name.
    """

    folder: Path
    address: str
    port: int
    web: int
    pacs: Pacs
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "ctiqa.toml"

    def start(self, name: str) -> None:
        """Start ``listen`` or ``serve``; what it says goes to a file."""
        log = (self.folder / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "ctiqa", name, "--config", str(self.config)]
        self.running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()

    def stop(self, name: str) -> int:
        """End a command in order.

        Returns:
            Its exit status.
        """
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def processes(self, name: str) -> list[psutil.Process]:
        """The processes of a command, itself first."""
        try:
            root = psutil.Process(self.running[name].pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def is_listening(self) -> bool:
        """Whether the listener accepts connections."""
        with socket.socket() as connection:
            connection.settimeout(1)
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def is_serving(self) -> bool:
        """Whether the dashboard answers, well or ill."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.web}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def page(self, path: str) -> str:
        """A page of the dashboard."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def log(self, name: str) -> str:
        """What a command has said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def slices(self) -> dict[str, list[int]]:
        """Number of slices of every stored result, by series."""
        with open_store(self.address) as store:
            found: dict[str, list[int]] = {}
            for row in store.scans().iter_rows(named=True):
                found.setdefault(row["series_uid"], []).append(row["n_judged"] + row["n_unjudged"])
            return found


@contextmanager
def clinic(
    folder: Path,
    address: str,
    *,
    workers: int = 1,
    quiet_s: float = 1,
    archive: int | None = None,
    more: str = "",
) -> Iterator[Clinic]:
    """A clinic whose listener and dashboard run; everything ends with the block.

    Args:
        folder: For everything.
        address: Address of the store.
        workers: Number of processes that score.
        quiet_s: Time after which a series is complete.
        archive: Port of an archive that takes the results; without, it is one of the clinic's own.
        more: Further sections of the configuration.
    """
    pacs = Pacs()
    pacs.start()
    found = Clinic(folder, address, free_port(), free_port(), pacs)
    text = CONFIG.format(
        address=address,
        folder=folder,
        port=found.port,
        web=found.web,
        pacs=archive or pacs.port,
        more=more,
        workers=workers,
        quiet=quiet_s,
    )
    found.config.write_text(text)
    try:
        for name in ("listen", "serve"):
            found.start(name)
        wait_for(found.is_listening, "the listener")
        wait_for(found.is_serving, "the dashboard")
        yield found
    except BaseException as error:
        for name in ("listen", "serve"):
            error.add_note(f"{name}: {found.log(name)[-3000:]}")
        raise
    finally:
        pacs.stop()
        for name in found.running:
            for process in reversed(found.processes(name)):
                kill(process.pid)
        for each in found.running.values():
            each.wait(30)


def kill(pid: int) -> None:
    """End a process at once, if it is there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_for(what: Callable[[], object], name: str, seconds: float = START_S) -> float:
    """Wait until something is so.

    Returns:
        How long it took, in seconds.
    """
    begin = time.monotonic()
    while not what():
        assert time.monotonic() < begin + seconds, f"{name} is not there after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begin


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as connection:
        connection.bind(("127.0.0.1", 0))
        return int(connection.getsockname()[1])
