"""Runs in a network of its own, in which there is only loopback: Orthanc, storescp, the sender.

Usage: ``python -m tests.clinic.sending.archives_inside FOLDER``; FOLDER/out has results. All are
sent to Orthanc by C-STORE and by STOW-RS, and to dcmtk's storescp. The result is printed as JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests
from pydicom import dcmread
from tests.archive_sources.orthanc_inside import LOGIN, PORT, loopback_up, orthanc

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.config import StoreSection
from ctiqa.clinic.config.listening import Spool
from ctiqa.clinic.config.sending import DicomTarget, StowTarget
from ctiqa.clinic.records.clock import utc_now
from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery, add_deliveries
from ctiqa.clinic.sending import run_sender
from ctiqa.store import open_store

DICOM_PORT, STORESCP_PORT = 4242, 4243
URL = f"http://127.0.0.1:{PORT}/dicom-web"
ARCHIVE = {
    "DicomServerEnabled": True,
    "DicomPort": DICOM_PORT,
    "DicomAet": "PACS",
    "DicomCheckCalledAet": True,
    "DicomAlwaysAllowStore": False,
    "DicomModalities": {"ctiqa": ["CTIQA", "127.0.0.1", 104]},
}
"""Settings of an Orthanc that only ctiqa may store to."""

TARGETS = ("orthanc", "web", "storescp")


def main(folder: Path) -> dict[str, Any]:
    """Send all results everywhere and say what came."""
    loopback_up()
    (folder / "password").write_text(LOGIN[1])
    (folder / "password").chmod(0o600)
    address = str(folder / "ct.sqlite")
    files = sorted((folder / "out").iterdir())
    with open_store(address) as store, orthanc(folder, **ARCHIVE), storescp(folder / "received"):
        with store.writing() as connection:
            new = [NewDelivery(target, "sr", each.name) for target in TARGETS for each in files]
            add_deliveries(connection, "1.2.3", new, utc_now())
        send(config(address, folder), Deliveries(store), len(new))
        return {
            "counts": Deliveries(store).counts(),
            "errors": [each.error for each in Deliveries(store).listed("waiting")],
            "found": [found(dcmread(each)) for each in files],
            "received": sorted(each.name for each in (folder / "received").iterdir()),
        }


def config(address: str, folder: Path) -> Config:
    """A target for each way."""
    at = {"host": "127.0.0.1", "ae_title": "PACS"}
    login = {"user": LOGIN[0], "password_file": str(folder / "password")}
    targets = (
        {"kind": "dicom", "name": "orthanc", "port": DICOM_PORT, **at},
        {"kind": "dicom", "name": "storescp", "port": STORESCP_PORT, **at},
        {"kind": "stow", "name": "web", "url": URL, **login},
    )
    return Config(
        store=StoreSection(address=address),
        spool=Spool(folder=folder),
        send=tuple(
            (StowTarget if each["kind"] == "stow" else DicomTarget).model_validate(each)
            for each in targets
        ),
    )


def send(config: Config, deliveries: Deliveries, number: int) -> None:
    """Run the sender until everything is sent, or a minute has passed."""
    stop = Event()
    thread = Thread(target=run_sender, args=(config, stop))
    thread.start()
    end = time.monotonic() + 60
    while time.monotonic() < end and deliveries.counts()["sent"] < number:
        time.sleep(0.1)
    stop.set()
    thread.join()


def found(sent: Any) -> dict[str, Any]:
    """What QIDO-RS and WADO-RS say of a result."""
    study = f"{URL}/studies/{sent.StudyInstanceUID}"
    query = f"{study}/series/{sent.SeriesInstanceUID}/instances"
    accept = {"Accept": "application/dicom+json"}
    answer = requests.get(query, headers=accept, auth=LOGIN, timeout=30)
    return {
        "uid": sent.SOPInstanceUID,
        "instances": [each["00080018"]["Value"][0] for each in answer.json()],
    }


@contextmanager
def storescp(folder: Path) -> Iterator[None]:
    """dcmtk's archive; it is ready before anything is sent, or the next try finds it."""
    folder.mkdir()
    command = [str(shutil.which("storescp")), "-aet", "PACS", "+uf", "-od", str(folder)]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([*command, str(STORESCP_PORT)], stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
