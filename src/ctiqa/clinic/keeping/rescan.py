"""The files are the truth: jobs are made and corrected after what lies in the spool."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.spool.spool import SpoolFolder

GOING = ".removed-"
"""Beginning of the names of folders that are being removed."""

SOURCE = "spool"
"""Source of a series that was found in the spool; who sent it is no longer known."""

log = logging.getLogger("ctiqa.clinic")


def rescan(spool: SpoolFolder, jobs: Jobs) -> int:
    """Make jobs for the series in the spool that have none, or another number of files.

    Args:
        spool: The folders; series that were being removed are removed.
        jobs: The queue.

    Returns:
        Number of series that are scored (again).
    """
    for folder in spool.series.glob(f"{GOING}*"):
        remove_folder(folder)
    known = jobs.n_instances()
    found = 0
    for folder in series_folders(spool):
        count = n_files(folder)
        if count and known.get(folder.name) != count:
            jobs.arrived(folder.name, count, source=SOURCE, at=_newest(folder))
            found += 1
    if found:
        log.info("found %d series in the spool that were not in the queue", found)
    return found


def series_folders(spool: SpoolFolder) -> Iterator[Path]:
    """The folders of series, those that came first at the beginning."""
    with os.scandir(spool.series) as entries:
        folders = [
            each
            for each in entries
            # Links were not put there by ctiqa.
            if each.is_dir(follow_symlinks=False) and not each.name.startswith(GOING)
        ]
    for each in sorted(folders, key=lambda entry: entry.stat().st_mtime):
        yield Path(each.path)


def remove_folder(folder: Path) -> None:
    """Remove a folder and the files in it; what cannot be removed is no reason to stop."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        why = error.strerror or type(error).__name__
        log.warning("a series that is no longer needed cannot be removed whole: %s", why)


def n_files(folder: Path) -> int:
    """Number of files in a folder."""
    return len(os.listdir(folder))  # noqa: PTH208 - once per batch of files, and faster


def _newest(folder: Path) -> datetime:
    """When the last file came; the first day of computers if the clock was that wrong."""
    newest = max(file.lstat().st_mtime for file in folder.iterdir())
    try:
        return datetime.fromtimestamp(newest, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
