"""A clinic as a process of its own, with all its parts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]
from tests.clinic.scoring.conftest import wait_for
from tests.io.make import phantom, write_ct
from tests.score.tiny_model import write_model

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.errors import CtiqaError
from ctiqa.store import open_store

PROGRAM = (
    "import sys; from ctiqa.cli.listening import run_listen; "
    "sys.exit(run_listen(sys.argv[1], check=False))"
)


@dataclass
class Clinic:
    """Where a clinic is, and its process.

    Attributes:
        folder: For everything.
        file: The configuration.
        port: Port of the listener.
        process: The supervisor.
    """

    folder: Path
    file: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None

    @property
    def config(self) -> Config:
        """The configuration."""
        return config_from(tomllib.loads(self.file.read_text(encoding="utf-8")))

    @property
    def pid(self) -> int:
        """Process ID of the supervisor."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(self.file)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.match(r"listens: 127\.0\.0\.1:(\d+) as CTIQA, spool '(.*)', store '(.*)'", line)
        assert found, (line, self.log())
        self.port = int(found[1])
        assert found[2] == str(self.folder / "spool")

    def end(self, number: int) -> int:
        """Send a signal to the supervisor, and wait for its end.

        Returns:
            Its exit code.
        """
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(number)
        code = self.process.wait(60)
        self.process.stdout.close()
        return code

    def send(self, series: str, count: int) -> None:
        """Send a series by DICOM; all of it must be acknowledged."""
        entity = AE(ae_title="SCANNER")
        entity.add_requested_context(CTImageStorage)
        association = entity.associate("127.0.0.1", self.port, ae_title="CTIQA")
        assert association.is_established
        try:
            for index in range(count):
                file = write_ct(
                    self.folder / "sent.dcm",
                    phantom(seed=index),
                    z_mm=5.0 * index,
                    SeriesInstanceUID=series,
                    StudyInstanceUID="1.2.840.1",
                    SOPInstanceUID=f"{series}.{index + 1}",
                )
                assert association.send_c_store(dcmread(file)).Status == 0
        finally:
            association.release()

    def scored(self) -> list[str]:
        """The series in the store."""
        try:
            with open_store(self.config.store.address) as store:
                return sorted(store.scans()["series_uid"])
        except CtiqaError:
            return []

    def children(self) -> set[int]:
        """Process IDs of the parts."""
        return {
            pid
            for pid in map(int, filter(str.isdigit, os.listdir("/proc")))  # noqa: PTH208
            if _parent(pid) == self.pid and b"spawn_main" in _command(pid)
        }

    def log(self) -> str:
        """What was logged so far."""
        return (self.folder / "log").read_text(encoding="utf-8")


def _parent(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_alive(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def clinic_in(folder: Path) -> Iterator[Clinic]:
    """A clinic that is not started yet; its processes are gone afterwards."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc to see the processes of the parts")
    model = write_model(folder)
    file = folder / "ctiqa.toml"
    file.write_text(
        f'[store]\naddress = "{folder / "ct.sqlite"}"\n'
        f'[spool]\nfolder = "{folder / "spool"}"\nreserve_gigabytes = 0\n'
        "[listen]\nport = 0\nany_peer = true\n"
        f'[score]\nmodel = "{model}"\nquiet_seconds = 0.2\nlease_seconds = 10\n',
        encoding="utf-8",
    )
    clinic = Clinic(folder, file)
    try:
        yield clinic
    finally:
        if clinic.process is not None and clinic.process.poll() is None:
            left = clinic.children()
            clinic.end(signal.SIGKILL)
            wait_for(lambda: not any(map(is_alive, left)))
