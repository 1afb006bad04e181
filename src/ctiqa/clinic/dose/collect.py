"""Dose reports in the spool: recorded, joined, and removed once that is committed."""

from __future__ import annotations

import logging
import os
from itertools import islice
from pathlib import Path

from ctiqa.clinic.dose.report import DoseReport, read_dose_report
from ctiqa.clinic.records.doses import Doses
from ctiqa.clinic.spool.durable import place, sync_folder
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import RefusedError
from ctiqa.io.atomic import write_bytes
from ctiqa.store.database.faults import RowError
from ctiqa.store.store import Store

MOST_FILES = 100
"""Dose reports that are read in one call."""

log = logging.getLogger("ctiqa.clinic")


def collect_doses(spool: SpoolFolder, store: Store) -> int:
    """Read dose reports in the spool, and complete the scans that they, or earlier ones, belong to.

    A report is removed after its values and those of its scans are committed: if the program is
    killed before, it is read again, which changes nothing more. One that cannot be read or stored
    is set aside, with a text file that states the reason.

    Args:
        spool: The spool; at most 100 files of its folder ``dose`` are read.
        store: The store.

    Returns:
        Number of files that were read or set aside.

    Raises:
        OutputError: If the database cannot be reached; nothing is lost.
        OSError: If the disk fails.

    >>> import tempfile
    >>> from ctiqa.store import open_store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spool = SpoolFolder(Path(folder, "spool"))
    ...     spool.prepare()
    ...     with open_store(Path(folder, "ct.sqlite")) as store:
    ...         collect_doses(spool, store)
    0
    """
    doses = Doses(store)
    files = _files(spool)
    read: list[Path] = []
    events: list[str] = []
    for file in files:
        try:
            report = _report(file)
            doses.record(report.study, report.events)
        except RefusedError as error:
            _set_aside(spool, file, error.reason.value, error.detail)
        except RowError as error:
            _set_aside(spool, file, "refused", str(error))
        else:
            events += [each.event for each in report.events]
            read.append(file)
    doses.join_new(events)
    for file in read:
        file.unlink(missing_ok=True)
    if read:
        sync_folder(spool.dose)
    return len(files)


def _files(spool: SpoolFolder) -> list[Path]:
    """Files of reports; links and folders were not put there by ctiqa."""
    with os.scandir(spool.dose) as entries:
        files = (
            Path(each.path)
            for each in entries
            if each.name.endswith(".dcm") and each.is_file(follow_symlinks=False)
        )
        return sorted(islice(files, MOST_FILES))


def _report(file: Path) -> DoseReport:
    report = read_dose_report(file)
    if report.left_out:
        log.warning(
            "dose report: %d values or events left out, the first: %s",
            len(report.left_out),
            report.left_out[0],
        )
    return report


def _set_aside(spool: SpoolFolder, file: Path, reason: str, detail: str) -> None:
    log.warning("dose report set aside (%s): %s", reason, detail)
    sentence = f"{reason}: the dose report cannot be used, {detail}\n"
    write_bytes(spool.aside / f"{file.stem}.txt", sentence.encode())
    place(file, spool.aside, file.stem)
    sync_folder(spool.dose)
