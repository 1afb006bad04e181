"""The lease of a series: renewed while it is scored, and the work is given up when it is lost."""

from __future__ import annotations

import logging
import os
import time
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Self

from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.patience import OUT_OF_ORDER

LOOK_S = 0.25
"""How often a stop is looked for, in seconds."""

RENEWALS = 3
"""How often a lease is renewed within its length."""

STUCK_S = 900.0
"""Work that makes no step for so long hangs, in seconds; only the end of the process ends it."""

log = logging.getLogger("ctiqa.clinic")


class Lease:
    """Keeps a lease alive in a thread, for as long as the block runs.

    Work that hangs ends the process: the supervisor starts another one, and the series is tried
    again as after a crash.

    Args:
        jobs: The queue.
        job: The series.
        length: Length of the lease; it is renewed several times within it.
        stop: Ends the work.
        life: Gives signs of life meanwhile.

    Attributes:
        over: Set once the work is to be given up.
        is_lost: Whether another worker has the series, or instances arrived.
    """

    def __init__(self, jobs: Jobs, job: Job, length: timedelta, stop: Event, life: Life) -> None:
        self.over = Event()
        self.is_lost = False
        self._jobs = jobs
        self._job = job
        self._length = length
        self._stop = stop
        self._life = life
        self._done = Event()
        self._thread = Thread(target=self._keep, daemon=True)
        self._stepped: float | None = time.monotonic()

    def step(self) -> None:
        """Note that the work goes on."""
        self._stepped = time.monotonic()

    def wait(self) -> None:
        """From now on, only disk and database are waited for, however long it takes."""
        self._stepped = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _keep(self) -> None:
        pause = self._length.total_seconds() / RENEWALS
        due = time.monotonic() + pause
        while not self._done.wait(min(LOOK_S, pause)):
            if self._stop.is_set():
                self.over.set()
            if self._stepped is not None and time.monotonic() - self._stepped > STUCK_S:
                log.error("a series of %d files: scoring hangs", self._job.n_instances)
                end_process()
            if time.monotonic() >= due and not self.over.is_set():
                due = time.monotonic() + pause
                self._renew()

    def _renew(self) -> None:
        try:
            self.is_lost = not self._jobs.renew(self._job, self._length)
        except OUT_OF_ORDER:
            return
        if self.is_lost:
            self.over.set()
        self._life.tell("scores")


def end_process() -> None:
    """End this process, whatever it does."""
    os._exit(1)
