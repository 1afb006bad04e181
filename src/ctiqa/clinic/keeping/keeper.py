"""The part that keeps the spool: arrivals become series, quiet series are closed, old ones go."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Event

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.dose.collect import collect_doses
from ctiqa.clinic.keeping.rescan import n_files, rescan
from ctiqa.clinic.keeping.retention import Kept, Retention
from ctiqa.clinic.keeping.sorting import sort_files
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.clinic.service.part.patience import OUT_OF_ORDER, Patience
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.store import Store

PART = "keeper"

ROUND_S = 0.5
"""Pause between two looks at the spool, in seconds."""

BATCH = 200
"""Files that are moved before the queue is told."""

DOSES_S = 5.0
"""Time between two looks for dose reports and scans that they belong to, in seconds."""

RETENTION_S = 60.0
"""Time between two looks for what can be removed, in seconds."""

CRASHED = "crashed"
"""Reason of a series whose workers end without a word."""


def run_keeper(config: Config, stop: Event) -> None:
    """Keep the spool until it is stopped; waits while disk or database are out of order.

    Args:
        config: The configuration; the folders of the spool are there.
        stop: Ends the work within a few seconds.

    Raises:
        UsageError: If the configuration does not fit the store.
    """
    store = store_when_there(config, PART, stop)
    if store is None:
        return
    with store:
        keeper = Keeper(config, store, stop)
        patience = Patience(PART, stop)
        while not stop.is_set():
            try:
                keeper.work()
            except OUT_OF_ORDER as error:
                keeper.complain(str(error))
                patience.pause(error)
                continue
            patience.went_well()
            stop.wait(ROUND_S)


class Keeper:
    """Keeps a spool and its queue.

    Args:
        config: The configuration.
        store: The store.
        stop: Ends a round early.
        now: The clock.
    """

    def __init__(
        self, config: Config, store: Store, stop: Event | None = None, now: Clock = utc_now
    ) -> None:
        reserve = int(config.spool.reserve_gigabytes * 10**9)
        self._spool = SpoolFolder(config.spool.folder, reserve)
        self._score = config.score
        self._store = store
        self._jobs = Jobs(store, now)
        self._retention = Retention(
            config.spool, self._spool, self._jobs, Deliveries(store, now), now
        )
        self._life = Life(store, PART, now)
        self._now = now
        self._stop = stop or Event()
        self._is_scanned = False
        self._untold: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._refused = ""
        self._stuck: list[str] = []
        self._kept: Kept | None = None
        self._retention_due = self._doses_due = 0.0

    def work(self) -> None:
        """One round: move what arrived, close what is quiet, remove what is old.

        Raises:
            OutputError: If the database cannot be reached.
            OSError: If the disk fails.
        """
        if not self._is_scanned:
            rescan(self._spool, self._jobs)
            self._is_scanned = True
        self._tell()
        self._take_in()
        if not self._stop.is_set():
            self._jobs.close_quiet(self._now() - timedelta(seconds=self._score.quiet_seconds))
        self._set_exhausted_aside()
        self._do_seldom()
        self._give_sign()

    def _do_seldom(self) -> None:
        """Read dose reports, and remove what is old."""
        now = time.monotonic()
        if now >= self._doses_due and not self._stop.is_set():
            n_read = collect_doses(self._spool, self._store)
            self._doses_due = now if n_read else now + DOSES_S
        if now >= self._retention_due and not self._stop.is_set():
            self._kept = self._retention.apply(lambda: not self._stop.is_set())
            self._retention_due = now + RETENTION_S

    def complain(self, sentence: str) -> None:
        """Say on the health page what is out of order."""
        self._life.tell(sentence, is_well=False, facts=lambda: self._counts)

    def _take_in(self) -> None:
        """Move what has arrived so far; a series is not closed before all of it is moved."""
        arrived = list(self._spool.arrived())
        self._stuck = []
        for batch in _batches(arrived, BATCH):
            if self._stop.is_set():
                return
            found = sort_files(batch, self._spool, self._store.privacy)
            self._untold |= found.series
            self._counts["dose_reports"] += found.n_dose
            self._counts["not_ct"] += found.n_other
            self._counts["unreadable"] += len(found.refused)
            self._counts["moved"] += len(batch) - len(found.stuck)
            self._refused = (found.refused or [self._refused])[-1]
            self._stuck += found.stuck
            self._tell()
            self._give_sign()

    def _tell(self) -> None:
        """Tell the queue of the series to which files were added; same files again are no news."""
        for series, source in list(self._untold.items()):
            folder = self._spool.series / series
            count = n_files(folder) if folder.is_dir() else 0
            job = self._jobs.get(series)
            if count and (job is None or job.n_instances != count):
                self._jobs.arrived(series, count, source=source, at=self._now())
            del self._untold[series]

    def _set_exhausted_aside(self) -> None:
        length = timedelta(seconds=self._score.lease_seconds)
        for job in self._jobs.exhausted(length, most_tries=self._score.tries):
            self._jobs.set_aside(job.series, reason=job.reason or CRASHED, detail=_detail(job))

    def _give_sign(self) -> None:
        problem = self._problem()
        self._life.tell(problem or self._sentence(), is_well=not problem, facts=self._facts)

    def _problem(self) -> str:
        if not self._spool.has_room(0):
            return (
                "the disk of the spool is full, nothing is accepted; free space, or lower "
                "'keep_days' or 'keep_gigabytes' in [spool]"
            )
        if self._stuck:
            return (
                f"{len(self._stuck)} received files cannot be read or moved "
                f"({self._stuck[-1]}); check the disk of the spool, they are tried again"
            )
        if self._kept is not None and self._kept.is_too_large:
            return (
                "the spool is larger than 'keep_gigabytes', and nothing in it is scored and sent; "
                "see the queue"
            )
        return ""

    def _sentence(self) -> str:
        if not self._refused:
            return "keeps the spool"
        n = self._counts["unreadable"]
        return (
            f"keeps the spool; {n} unreadable files were set aside, the last one: {self._refused}"
        )

    def _facts(self) -> dict[str, float]:
        kept = self._kept
        return {
            **self._counts,
            "incoming": sum(1 for _ in self._spool.arrived()),
            "aside": 0 if kept is None else kept.n_aside,
            "spool_bytes": 0 if kept is None else kept.n_bytes,
            "free_bytes": shutil.disk_usage(self._spool.root).free,
        }


def _batches(files: Sequence[tuple[str, Path]], size: int) -> Iterator[Sequence[tuple[str, Path]]]:
    left = iter(files)
    while batch := list(islice(left, size)):
        yield batch


def _detail(job: Job) -> str:
    return job.detail or f"the process that scored it ended {job.tries} times without an answer"
