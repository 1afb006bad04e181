"""WADO-RS: fetch a series as it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from ctiqa.archive.sources.dicomweb.multipart import MultipartError, boundary_of, split
from ctiqa.archive.sources.dicomweb.session import CHUNK_BYTES, Fault, Server, silent
from ctiqa.text.plain_text import clean

ATTEMPTS = 2
"""How often a series is fetched if the connection is lost on the way."""

ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
"""Instances as they are stored, in whatever transfer syntax."""

GONE = (404, 410)


def retrieve(server: Server, path: str, count: int, folder: Path, name: str) -> None:
    """Fetch a series.

    Args:
        server: The server.
        path: Where the series is below the address of the service.
        count: How many instances there must be at least; -1 if unknown.
        folder: An empty folder.
        name: Address of the series.

    Raises:
        Fault: If it is gone, cannot be had, or is not complete.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            received = _receive(server, path, folder, name)
        except (MultipartError, requests.RequestException) as error:
            if attempt < ATTEMPTS:
                _clear(folder)
                continue
            why = str(error) if isinstance(error, MultipartError) else silent(name, error)
            raise Fault(f"'{name}' could not be fetched whole: {why}") from error
        if received < max(count, 1):
            raise Fault(
                f"'{name}' must have {max(count, 1)} instances, and {received} were received; "
                "some are gone, or the server is busy; survey it again"
            )
        return


def _receive(server: Server, path: str, folder: Path, name: str) -> int:
    """Returns the number of instances."""
    try:
        with server.get(path, ACCEPT) as answer:
            if answer.status_code == 206:
                raise Fault(f"'{name}' has instances that the server does not send; ask its log")
            return 0 if answer.status_code == 204 else _save(answer, folder, name)
    except Fault as fault:
        if fault.status in GONE:
            raise Fault(f"'{name}' was listed, and is gone; survey it again") from fault
        raise


def _save(answer: Any, folder: Path, name: str) -> int:
    media = answer.headers.get("Content-Type", "")
    chunks = answer.iter_content(CHUNK_BYTES)
    if boundary := boundary_of(media):
        return len(split(chunks, boundary, folder))
    if media.partition(";")[0].strip().lower() == "application/dicom":
        # Allowed by some editions of the standard for a single instance.
        with (folder / "000000.dcm").open("wb") as stream:
            stream.writelines(chunks)
        return 1
    kind = clean(media.partition(";")[0], 40) or "no media type"
    raise Fault(f"'{name}' must be sent as multipart/related, and came as {kind}")


def _clear(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
