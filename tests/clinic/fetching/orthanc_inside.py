"""Runs in a network of its own, in which there is only loopback: Orthanc, and the fetcher.

Usage: ``python -m tests.clinic.fetching.orthanc_inside FOLDER``; FOLDER/first and FOLDER/later have
DICOM files. The result is printed as JSON.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests
from tests.archive_sources.orthanc_inside import LOGIN, PORT, loopback_up, orthanc, store

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.fetching import run_fetcher
from ctiqa.clinic.records.health import Health, Sign
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store import open_store

URLS = {"orthanc": "", "dicomweb": "/dicom-web"}


def main(folder: Path) -> dict[str, Any]:
    """Fetch twice by each way, then what has come later, then from an Orthanc set up anew."""
    loopback_up()
    (folder / "password").write_text(LOGIN[1])
    (folder / "password").chmod(0o600)
    result: dict[str, Any] = {}
    with orthanc(folder, StableAge=1):
        send(folder / "first")
        result["first"] = everywhere(folder)
        result["second"] = everywhere(folder)
        send(folder / "later")
        result["later"] = everywhere(folder)
    shutil.rmtree(folder / "db")
    with orthanc(folder, StableAge=1):
        send(folder / "later")
        result["anew"] = everywhere(folder)
    return result


def send(folder: Path) -> None:
    """Store files, and wait until Orthanc thinks that nothing more comes."""
    for file in sorted(folder.iterdir()):
        store(file)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = requests.get(f"http://127.0.0.1:{PORT}/series?expand", auth=LOGIN, timeout=30)
        if all(each["IsStable"] for each in answer.json()):
            return
        time.sleep(0.2)
    raise SystemExit("Orthanc thinks that more is to come")


def everywhere(folder: Path) -> dict[str, Any]:
    """What a fetcher brings by each way; afterwards it is taken away, as retention does."""
    return {kind: fetched(folder, kind) for kind in URLS}


def fetched(folder: Path, kind: str) -> dict[str, Any]:
    """What a new fetcher brings, and what it says of it."""
    used = config(folder, kind)
    with open_store(used.store.address) as opened:
        before = [each.started for each in Health(opened).signs()]
    stop = Event()
    thread = Thread(target=run_fetcher, args=(used, stop))
    thread.start()
    try:
        sign = concluded(used, before)
    finally:
        stop.set()
        thread.join(30)
    spool = SpoolFolder(used.spool.folder)
    arrived = [file for _, file in spool.arrived()]
    digests = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in arrived)
    for file in arrived:
        file.unlink()
    return {"files": digests, "sentence": sign.sentence, "is_well": sign.is_well}


def config(folder: Path, kind: str) -> Config:
    """Each way has a store and a spool of its own."""
    (folder / kind).mkdir(exist_ok=True)
    table = {
        "kind": kind,
        "name": "pacs",
        "url": f"http://127.0.0.1:{PORT}{URLS[kind]}",
        "user": LOGIN[0],
        "password_file": str(folder / "password"),
        "days": 3,
    }
    return config_from(
        {
            "store": {"address": str(folder / kind / "ct.sqlite")},
            "spool": {"folder": str(folder / kind / "spool"), "reserve_gigabytes": 0},
            "fetch": [table],
        }
    )


def concluded(used: Config, before: Sequence[datetime]) -> Sign:
    """The sign of life after the first look of this fetcher."""
    with open_store(used.store.address) as opened:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for sign in Health(opened).signs():
                if "first time" not in sign.sentence and sign.started not in before:
                    return sign
            time.sleep(0.05)
    raise SystemExit("the fetcher does not conclude")


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
