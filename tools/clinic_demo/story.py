"""What happens in the demonstration, told as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import requests
from pydicom import dcmread
from pynetdicom import AE, build_context
from tools.clinic_demo.archive import Archive

from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.store import open_store
from ctiqa.store.store import Store

LOOK_S = 0.5
PATIENCE_S = 600

Tell = Callable[[str], None]

OBJECTS = {"sr": "structured report", "pdf": "PDF"}
"""What is sent, by kind of delivery."""


def send(files: Iterable[Path], port: int, called: str) -> int:
    """Send files by C-STORE, as a scanner does.

    Returns:
        Number of files that were accepted.

    Raises:
        SystemExit: If the other side does not take them.
    """
    instances = [dcmread(file) for file in files]
    entity = AE(ae_title="SCANNER")
    entity.requested_contexts = [
        build_context(*pair)
        for pair in {(each.SOPClassUID, each.file_meta.TransferSyntaxUID) for each in instances}
    ]
    association = entity.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        raise SystemExit(f"error: {called} does not accept an association")
    answers = [association.send_c_store(each) for each in instances]
    association.release()
    return sum(getattr(each, "Status", None) == 0 for each in answers)


def tell_until_sent(store_file: Path, series: dict[str, tuple[str, str]], tell: Tell) -> None:
    """Tell what becomes of series until all results are sent.

    Args:
        store_file: The store.
        series: Name and study by series UID.
        tell: Prints a line.
    """
    with open_store(store_file) as store:
        said: set[str] = set()
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for line in _events(store, series):
                if line not in said:
                    said.add(line)
                    tell(line)
            if sum("sent to the archive" in line for line in said) >= len(series) * len(OBJECTS):
                return
            time.sleep(LOOK_S)
    raise SystemExit("error: not everything was scored and sent in time; see the logs")


def _events(store: Store, series: dict[str, tuple[str, str]]) -> Iterator[str]:
    jobs, deliveries = Jobs(store), Deliveries(store)
    scores = {row["series_uid"]: row for row in store.scans().iter_rows(named=True)}
    for uid, (name, _study) in series.items():
        job = jobs.get(store.privacy.uid(uid))
        if job is None:
            continue
        yield f"{name}: received"
        if job.state == "aside":
            yield f"{name}: set aside, {job.detail}"
        row = scores.get(store.privacy.uid(uid))
        if job.state == "done" and row is not None:
            yield f"{name}: {job.n_instances} instances scored, {_score(row)}"
        for each in deliveries.of_series(job.series):
            if each.state == "sent":
                yield f"{name}: {OBJECTS[each.kind]} sent to the archive"


def _score(row: dict[str, object]) -> str:
    if row["score"] is None:
        return "no score"
    return f"score {row['score']:.2f} ({row['low']:.2f} to {row['high']:.2f})"


def tell_places(archive: Archive, series: dict[str, tuple[str, str]], tell: Tell) -> None:
    """Tell where the results are in the archive."""
    for name, study in series.values():
        place = archive.place_of(study, "SR")
        if place is not None:
            headers = {"Accept": "application/dicom+json"}
            found = len(requests.get(place, timeout=30, headers=headers).json())
            tell(f"{name}: {found} structured report in the archive, {place}")
