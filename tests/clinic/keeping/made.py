"""Configurations and received files for the tests of the parts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydicom import dcmread
from tests.io.make import phantom, write_ct

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.clinic.spool.spool import SpoolFolder

LEASE = timedelta(seconds=30)

STUDY = "1.2.840.1"

PATIENT = "Zyxwvut^Patient"
"""Name of the patient of :mod:`tests.io.make`, which must be nowhere but in the images."""


def config(folder: Path, address: str | None = None, **sections: Any) -> Config:
    """A configuration whose spool and store are in a folder; quiet series close at once."""
    values: dict[str, Any] = {
        "store": {"address": address or str(folder / "ct.sqlite")},
        "spool": {"folder": str(folder / "spool"), "reserve_gigabytes": 0},
        "listen": {"port": 0, "any_peer": True},
        "score": {"quiet_seconds": 0},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return config_from(values)


def spool_of(used: Config) -> SpoolFolder:
    """The spool of a configuration, prepared."""
    spool = SpoolFolder(used.spool.folder)
    spool.prepare()
    return spool


def receive(spool: SpoolFolder, folder: Path, series: str, count: int, **tags: Any) -> list[Path]:
    """Acknowledge a series of slices that get brighter along z, as the receiver does.

    Args:
        spool: The spool.
        folder: For the files before they are received.
        series: SeriesInstanceUID.
        count: Number of slices; with ``first`` in ``tags``, from that one on.
        tags: Elements of the header.
    """
    first = tags.pop("first", 0)
    files = []
    for index in range(first, first + count):
        tagged = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": series, **tags}
        tagged.setdefault("SOPInstanceUID", f"{series}.{index + 1}")
        file = write_ct(folder / f"{index}.dcm", phantom(seed=index), z_mm=5.0 * index, **tagged)
        files.append(received(spool, file))
    return files


def received(spool: SpoolFolder, file: Path) -> Path:
    """Acknowledge a DICOM file."""
    uid = str(dcmread(file, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
    return spool.keep(uid, "PACS", lambda stream: stream.write(file.read_bytes()))


def names(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(each.name for each in folder.iterdir())


def leased(jobs: Jobs) -> Job:
    """The next series, leased."""
    job = jobs.lease("scorer-1:1", LEASE, most_tries=3)
    assert job is not None
    return job
