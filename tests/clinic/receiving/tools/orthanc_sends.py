"""Runs in a network of its own, in which there is only loopback: Orthanc sends to the listener.

Usage: ``python -m tests.clinic.receiving.tools.orthanc_sends FOLDER SERIES``; SERIES has files.
What the listener has is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import requests
from pydicom import dcmread
from tests.archive_sources.orthanc_inside import LOGIN, PORT, loopback_up, orthanc, store
from tests.clinic.receiving.tools.running import receiving
from tests.clinic.receiving.tools.senders import files_in

URL = f"http://127.0.0.1:{PORT}"
PEERS = [{"ae_title": "ORTHANC", "addresses": ["127.0.0.0/8"]}]


def main(folder: Path, series: Path) -> dict[str, Any]:
    """Echo, and send all instances, twice."""
    loopback_up()
    files = files_in(series)
    (folder / "server").mkdir()
    with orthanc(folder / "server"), receiving(folder, peers=PEERS) as running:
        for file in files:
            store(file)
        listener = {"AET": "CTIQA", "Host": "127.0.0.1", "Port": running.port}
        call("PUT", "/modalities/ctiqa", listener)
        call("POST", "/modalities/ctiqa/echo", {})
        for _ in range(2):
            call("POST", "/modalities/ctiqa/store", call("GET", "/instances", None))
        came = {file.stem: dcmread(file) for file in running.files()}
        sent = {str(image.SOPInstanceUID): image for image in map(dcmread, files)}
        return {"same": came == sent, "files": len(came), "facts": running.listener.counts.facts()}


def call(method: str, path: str, content: Any) -> Any:
    """Ask Orthanc."""
    answer = requests.request(method, URL + path, json=content, auth=LOGIN, timeout=60)
    answer.raise_for_status()
    return answer.json() if answer.content else None


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
