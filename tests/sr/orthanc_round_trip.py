"""Runs in a network of its own, in which there is only loopback: Orthanc, and its client.

Usage: ``python -m tests.sr.orthanc_round_trip FOLDER``; FOLDER has objects. Each is stored twice,
found by QIDO-RS and read by WADO-RS. The result is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dicomweb_client import DICOMwebClient
from dicomweb_client.session_utils import create_session_from_user_pass
from pydicom import dcmread
from tests.archive_sources.orthanc_inside import LOGIN, PORT, loopback_up, orthanc, store
from tests.sr.made import numbers_of


def main(folder: Path) -> list[dict[str, Any]]:
    """What the server says of every object."""
    loopback_up()
    files = sorted(folder.glob("*.dcm"))
    server = folder / "server"
    server.mkdir()
    with orthanc(server):
        for file in (*files, *files):
            store(file)
        client = DICOMwebClient(
            f"http://127.0.0.1:{PORT}/dicom-web", create_session_from_user_pass(*LOGIN)
        )
        return [found(client, dcmread(file)) for file in files]


def found(client: DICOMwebClient, sent: Any) -> dict[str, Any]:
    """An object as the server finds and returns it."""
    series = {"SeriesInstanceUID": sent.SeriesInstanceUID, "Modality": sent.Modality}
    by_study = client.search_for_series(sent.StudyInstanceUID, search_filters=series)
    uids = sent.StudyInstanceUID, sent.SeriesInstanceUID
    instances = client.search_for_instances(*uids)
    read = client.retrieve_instance(*uids, sent.SOPInstanceUID)
    return {
        "modality": sent.Modality,
        "series": len(by_study),
        "instances": [each["00080018"]["Value"][0] for each in instances],
        "same": read == sent,
        "numbers": numbers_of(read),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
