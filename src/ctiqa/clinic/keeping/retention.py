"""Remove what is settled: by age, and to stay below a size."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ctiqa.clinic.config.listening import Spool
from ctiqa.clinic.keeping.rescan import GOING, remove_folder, series_folders
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.clinic.spool.spool import SpoolFolder

GIGABYTE = 10**9

UNCLAIMED_S = 3600.0
"""A result is claimed by a delivery at once; one that nobody claims for so long is removed."""

AT_ANY_TIME = timedelta(days=36_500)

log = logging.getLogger("ctiqa.clinic")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is in the spool after old series were removed.

    Attributes:
        n_bytes: Size of all series.
        n_removed: Number of series that were removed.
        n_aside: Number of files that were set aside.
        is_too_large: Whether the series take more than they may, and none can be removed.
    """

    n_bytes: int
    n_removed: int
    n_aside: int
    is_too_large: bool


class Retention:
    """Removes series that are scored and whose results are sent or given up.

    Args:
        settings: How long and how much is kept.
        spool: The folders.
        jobs: The queue.
        deliveries: Results that are to be sent.
        now: The clock.
    """

    def __init__(
        self,
        settings: Spool,
        spool: SpoolFolder,
        jobs: Jobs,
        deliveries: Deliveries,
        now: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._jobs = jobs
        self._deliveries = deliveries
        self._now = now

    def apply(self, goes_on: Callable[[], bool] = lambda: True) -> Kept:
        """Remove what is too old, then the oldest until the rest is small enough.

        Args:
            goes_on: Asked before each series.

        Raises:
            OutputError: If the database cannot be reached.
            OSError: If the disk fails.
        """
        n_removed = self._remove_old(goes_on)
        sizes = {each.name: _size(each) for each in series_folders(self._spool)}
        most = int(self._settings.keep_gigabytes * GIGABYTE)
        n_removed += self._shrink(sizes, most, goes_on)
        self._remove_unclaimed()
        self._remove_aside()
        n_bytes = sum(sizes.values())
        return Kept(n_bytes, n_removed, _count(self._spool.aside), n_bytes > most)

    @property
    def _oldest(self) -> datetime:
        """What came before may go."""
        return self._now() - timedelta(days=self._settings.keep_days)

    def _remove_old(self, goes_on: Callable[[], bool]) -> int:
        return self._remove(self._jobs.finished_before(self._oldest), goes_on)

    def _shrink(self, sizes: dict[str, int], most: int, goes_on: Callable[[], bool]) -> int:
        """Remove the oldest series; their sizes are forgotten."""
        excess = sum(sizes.values()) - most
        if excess <= 0:
            return 0
        n_removed = 0
        for job in self._jobs.finished_before(self._now() + AT_ANY_TIME):
            if excess <= 0 or not goes_on():
                break
            if self._remove_one(job):
                n_removed += 1
                excess -= sizes.pop(job.series, 0)
        return n_removed

    def _remove(self, settled: list[Job], goes_on: Callable[[], bool]) -> int:
        return sum(self._remove_one(job) for job in settled if goes_on())

    def _remove_one(self, job: Job) -> bool:
        """Forget a series, then its files; whatever is in between is scored once more."""
        if not self._jobs.remove(job):
            return False
        folder = self._spool.series / job.series
        going = folder.with_name(f"{GOING}{job.series}")
        if folder.is_dir():
            # What is half removed must not be taken for a series.
            if going.is_dir():
                remove_folder(going)
            folder.rename(going)
            remove_folder(going)
        log.info("removed a series of %d files that is scored", job.n_instances)
        return True

    def _remove_unclaimed(self) -> None:
        """Remove results that no delivery needs any more."""
        old = [*_files_before(self._spool.out, time.time() - UNCLAIMED_S)]
        needed = self._deliveries.files_to_keep(given_up_since=self._oldest) if old else set()
        for file in old:
            if file.name not in needed:
                file.unlink(missing_ok=True)

    def _remove_aside(self) -> None:
        """Remove old files of no series: a sender of nonsense must not fill the disk."""
        since = time.time() - timedelta(days=self._settings.keep_days).total_seconds()
        old = [*_files_before(self._spool.aside, since)]
        for file in old:
            file.unlink(missing_ok=True)
        if old:
            log.info("removed %d files that were set aside long ago", len(old))


def _files_before(folder: Path, moment: float) -> Iterator[Path]:
    """Files in a folder, and those below it, that were put there before a time."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            with suppress(FileNotFoundError):
                status = file.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_mtime < moment:
                    yield file


def _size(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(each.stat(follow_symlinks=False).st_size for each in entries)


def _count(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))
