"""The archive of the demonstration: Orthanc, or without it a folder that takes results."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pynetdicom import AE, AllStoragePresentationContexts, evt
from tools.clinic_demo.inside import DICOM, HTTP, LISTENER, PLUGIN
from tools.clinic_demo.relay import at_file, at_port, by_file, by_port, relayed

ROOT = Path(__file__).parents[2]

ALONE = ("unshare", "--map-root-user", "--net")

WAIT_S = 60


@dataclass(frozen=True)
class Archive:
    """An archive.

    Attributes:
        port: Its DICOM port on the loopback address.
        forwards: Whether it forwards what it gets to the listener.
        web: Its address for browsers, if it has one.
        start: Starts it; given the port of the listener.
    """

    port: int
    forwards: bool
    web: str | None
    start: Callable[[int], None]

    def place_of(self, study: str, modality: str) -> str | None:
        """The address (QIDO-RS) at which results of a study are found."""
        if self.web is None:
            return None
        return f"{self.web}/dicom-web/studies/{study}/series?Modality={modality}"


def why_no_orthanc() -> str | None:
    """Why Orthanc cannot run here; ``None`` if it can."""
    if not (shutil.which("Orthanc") and PLUGIN.exists()):
        return "Orthanc is not installed (apt-get install orthanc orthanc-dicomweb)"
    if not shutil.which("unshare"):
        return "Orthanc listens on every address, and unshare is not installed"
    done = subprocess.run([*ALONE, "true"], capture_output=True, check=False, timeout=60)
    return "Orthanc may not have a network of its own here" if done.returncode else None


@contextmanager
def orthanc(folder: Path) -> Iterator[Archive]:
    """Orthanc in a network of its own, reached by two ports on the loopback address."""
    with ExitStack() as stack:
        web, dicom = at_port(), at_port()
        stack.enter_context(relayed(web, by_file(folder / HTTP)))
        stack.enter_context(relayed(dicom, by_file(folder / DICOM)))
        address = f"http://127.0.0.1:{web.getsockname()[1]}"

        def start(listener: int) -> None:
            stack.enter_context(relayed(at_file(folder / LISTENER), by_port(listener)))
            stack.enter_context(_running(folder))
            _wait(address)

        yield Archive(dicom.getsockname()[1], forwards=True, web=address, start=start)


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    command = [*ALONE, sys.executable, "-m", "tools.clinic_demo.inside", str(folder)]
    program = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        assert program.stdin is not None  # noqa: S101 - it is a pipe
        program.stdin.close()
        program.wait(WAIT_S)


def _wait(address: str) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            requests.get(f"{address}/system", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("error: Orthanc does not start; see its log in the folder of the demo")


@contextmanager
def folder_archive(folder: Path) -> Iterator[Archive]:
    """An archive that only writes the results that it gets into a folder."""
    out = folder / "results"
    out.mkdir()

    def keep(event: Any) -> int:
        (out / f"{event.request.AffectedSOPInstanceUID}.dcm").write_bytes(event.encoded_dataset())
        return 0

    entity = AE(ae_title="PACS")
    entity.supported_contexts = AllStoragePresentationContexts
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    assert server is not None  # noqa: S101 - it does not block
    try:
        port = server.server_address[1]
        yield Archive(port, forwards=False, web=None, start=lambda _listener: None)
    finally:
        server.shutdown()
