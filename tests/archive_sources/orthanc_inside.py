"""Runs in a network of its own, in which there is only loopback: Orthanc, and its client.

Orthanc listens on all addresses of its network, so that it must not run in that of the computer.
Usage: ``python orthanc_inside.py FOLDER``; FOLDER has DICOM files. The result is printed as JSON.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import requests

from ctiqa.archive.sources.dicomweb import query
from ctiqa.archive.sources.dicomweb.source import DicomwebSource
from ctiqa.io import find_scans

PORT = 8042
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
LOGIN = ("me", "s3cret")
URL = f"http://{LOGIN[0]}:{LOGIN[1]}@127.0.0.1:{PORT}/dicom-web"


def main(folder: Path) -> dict[str, Any]:
    """Store the files, list and fetch them, and say what came."""
    loopback_up()
    with orthanc(folder):
        for file in sorted(folder.glob("*.dcm")):
            store(file)
        first_day = [*DicomwebSource(URL, date(2026, 1, 5), date(2026, 1, 5)).units()]
        query.PAGE = 1
        found = [*DicomwebSource(URL).units()]
        store(folder / "late.dicom")
        later = [*DicomwebSource(URL).units()]
        return {
            "series": [each.name.rpartition("/")[2] for each in found],
            "first day": [each.name.rpartition("/")[2] for each in first_day],
            "changed": [a.entries != b.entries for a, b in zip(found, later, strict=True)],
            "contents": [contents(each, folder / str(n)) for n, each in enumerate(later)],
        }


def contents(unit: Any, folder: Path) -> dict[str, Any]:
    """What a unit is, once it was fetched."""
    folder.mkdir()
    (place,) = unit.fetch(folder).values()
    (scan,) = find_scans([place]).scans
    files = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in place.iterdir())
    return {"series": scan.series_uid, "slices": len(scan.headers), "files": files}


def loopback_up() -> None:
    """A new network has a loopback that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", 0x1)  # IFF_UP
        fcntl.ioctl(handle, 0x8914, request)  # SIOCSIFFLAGS


@contextmanager
def orthanc(folder: Path, **further: Any) -> Iterator[None]:
    """A server, with its configuration and database in a folder.

    Args:
        folder: The folder.
        further: Settings beside, or instead of, the usual ones.
    """
    settings = {
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": PORT,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {LOGIN[0]: LOGIN[1]},
        "DicomServerEnabled": False,
        "SaveJobs": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False},
        **further,
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            wait(server)
            yield
        finally:
            server.terminate()
            server.wait(30)


def wait(server: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", PORT), 1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("Orthanc does not start")


def store(file: Path) -> None:
    """Store a file in Orthanc."""
    answer = requests.post(
        f"http://127.0.0.1:{PORT}/instances", data=file.read_bytes(), auth=LOGIN, timeout=30
    )
    answer.raise_for_status()


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
