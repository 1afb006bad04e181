"""Remove what is settled: by age, and to stay below a size."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ctiqa.clinic.config.listening import Spool
from ctiqa.clinic.keeping.rescan import GOING, series_folders
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
        n_bytes = sum(sizes.values())
        return Kept(n_bytes, n_removed, _count(self._spool.aside), n_bytes > most)

    def _remove_old(self, goes_on: Callable[[], bool]) -> int:
        oldest = self._now() - timedelta(days=self._settings.keep_days)
        return self._remove(self._jobs.finished_before(oldest), goes_on)

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
            folder.rename(going)
            shutil.rmtree(going)
        log.info("removed a series of %d files that is scored", job.n_instances)
        return True

    def _remove_unclaimed(self) -> None:
        """Remove results that no delivery needs any more."""
        since = time.time() - UNCLAIMED_S
        old = [file for file in self._spool.out.iterdir() if file.stat().st_mtime < since]
        needed = self._deliveries.files_to_keep() if old else set()
        for file in old:
            if file.name not in needed:
                file.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(each.stat().st_size for each in entries)


def _count(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))
