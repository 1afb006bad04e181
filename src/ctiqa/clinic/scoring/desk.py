"""Score one series of the queue, and store what came of it."""

from __future__ import annotations

import errno
import logging
import traceback
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.listening import Score
from ctiqa.clinic.records.exposures import Exposures
from ctiqa.clinic.records.jobs import Job, Jobs
from ctiqa.clinic.scoring.headers import read_series
from ctiqa.clinic.scoring.lease import Lease
from ctiqa.clinic.scoring.outcome import FAILED, NO_FILES, NO_REPORT, Why, mixed, why_not
from ctiqa.clinic.scoring.results import (
    ResultObject,
    deliveries_of,
    keep_results,
    results_of,
)
from ctiqa.clinic.scoring.work import GivenUpError, Scored, Worker, score_folder
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.patience import OUT_OF_ORDER, insist
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import Reason
from ctiqa.score.scorer import Scorer
from ctiqa.store.bundle import Bundle
from ctiqa.store.database.faults import RowError
from ctiqa.store.run import Run
from ctiqa.store.store import Store

CRASHED = "crashed or took too long"
"""Part of why an image is skipped whose process has ended."""

log = logging.getLogger("ctiqa.clinic")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a series.

    Attributes:
        bundles: Rows for the store.
        objects: Results that are to be sent.
        events: Irradiation events, as the store keeps UIDs.
        why: Why there is no score or no report.
        is_aside: Whether the series is set aside for it.
    """

    bundles: tuple[Bundle, ...] = ()
    objects: tuple[ResultObject, ...] = ()
    events: frozenset[str] = frozenset()
    why: Why | None = None
    is_aside: bool = False


class Desk:
    """Scores series.

    Args:
        config: The configuration.
        store: Where results are stored.
        scorer: The model.
        life: Gives signs of life.
        stop: Ends the work; the series in hand is given back.
    """

    def __init__(
        self, config: Config, store: Store, scorer: Scorer, life: Life, stop: Event
    ) -> None:
        self._spool = SpoolFolder(config.spool.folder)
        self._targets = config.send
        self._store = store
        self._scorer = scorer
        self._run = Run("listen")
        self._life = life
        self._stop = stop
        self._jobs = Jobs(store)
        self._exposures = Exposures(store)
        self._counts: Counter[str] = Counter()
        self.settings: Score = config.score

    def end(self) -> None:
        """Record the end of the run, if the database is there."""
        with suppress(*OUT_OF_ORDER):
            self._store.finish(self._run)

    def facts(self) -> Mapping[str, float]:
        """Numbers of series since the start: ``scored``, ``without_score``, ``failed``."""
        return {"scored": 0, "without_score": 0, "failed": 0} | self._counts

    def score(self, job: Job) -> None:
        """Score a series, and record what came of it as soon as disk and database allow.

        A series that is lost to another worker, or to which instances were added, is left; on a
        stop it is given back; if scoring fails, it is tried again.

        Args:
            job: The series, leased.
        """
        length = timedelta(seconds=self.settings.lease_seconds)
        with Lease(self._jobs, job, length, self._stop, self._life) as lease:
            try:
                answer = self._answer(job, lease)
            except GivenUpError:
                self._leave(job, is_lost=lease.is_lost)
                return
            except Exception as error:  # noqa: BLE001 - a series must not stop the others
                lease.wait()
                if self.is_spool_there():
                    self._fail(job, error)
                else:
                    self._leave(job, is_lost=lease.is_lost)
                return
            lease.wait()
            try:
                insist(lambda: self._record(job, answer), job.owner or "", self._stop)
            except RowError as error:
                self._fail(job, error)

    def is_spool_there(self) -> bool:
        """Whether the disk of the spool is mounted: without it, files only seem to be gone."""
        return self._spool.series.is_dir()

    def _answer(self, job: Job, lease: Lease) -> _Answer:
        """Score the files of a series.

        Raises:
            GivenUpError: If the work is over before.
            OSError: If the disk does not read a file, or is gone; nothing is known about it then.
        """
        folder = self._spool.series / job.series
        if not has_files(folder):
            if not self.is_spool_there():
                raise FileNotFoundError(errno.ENOENT, "the spool is gone")
            return _Answer(why=Why(NO_FILES, "the files of the series are not in the spool"))
        worker = Worker(self._scorer, lease.over, lease.step)
        headers = read_series(folder, worker.note_or_give_up)
        if headers.differing:
            return _Answer(why=mixed(headers.differing), is_aside=True)
        privacy = self._store.privacy
        scored = score_folder(folder, worker, privacy)
        _check_read(scored, is_last_try=job.tries >= self.settings.tries)
        results = results_of(scored.verdicts, scored.model, self._targets)
        return _Answer(
            bundles=scored.bundles,
            objects=results.objects,
            events=frozenset(map(privacy.uid, headers.events)),
            why=_why(scored, results.failure),
        )

    def _record(self, job: Job, answer: _Answer) -> bool:
        """Store an answer; everything in it may have been stored before.

        Raises:
            OutputError: If the database cannot be reached, or the disk is full.
            RowError: If the database refuses a value.
            OSError: If the disk fails.
        """
        if answer.is_aside and answer.why is not None:
            return self._set_aside(job, answer.why)
        # Before the scans: doses are added to a scan when it is there.
        self._exposures.record(job.series, answer.events)
        for bundle in answer.bundles:
            self._store.put(bundle, self._run)
        keep_results(answer.objects, self._spool.out)
        why = answer.why
        counts = self._jobs.finish(
            job,
            deliveries_of(answer.objects, self._targets),
            reason=None if why is None else why.reason,
            detail=None if why is None else why.detail,
        )
        if counts:
            self._note(job, why)
        return counts

    def _set_aside(self, job: Job, why: Why) -> bool:
        """Set a series aside, unless another worker has it or instances arrived."""
        length = timedelta(seconds=self.settings.lease_seconds)
        if not self._jobs.renew(job, length):
            return False
        self._counts["failed"] += 1
        log.warning("a series of %d files was set aside: %s", job.n_instances, why.detail)
        return self._jobs.set_aside(job.series, reason=why.reason, detail=why.detail)

    def _note(self, job: Job, why: Why | None) -> None:
        self._counts["scored" if why is None or why.reason == NO_REPORT else "without_score"] += 1
        found = "scored" if why is None else why.detail
        log.info("a series of %d files: %s", job.n_instances, found)

    def _leave(self, job: Job, *, is_lost: bool) -> None:
        """Give a series back that was not scored to its end."""
        if not is_lost:
            with suppress(*OUT_OF_ORDER):  # Without the database, the lease runs out by itself.
                self._jobs.put_back(job)

    def _fail(self, job: Job, error: Exception) -> None:
        self._counts["failed"] += 1
        detail = f"scoring failed ({type(error).__name__} {_where(error)})"
        log.error("a series of %d files was not scored: %s", job.n_instances, detail)
        insist(
            lambda: self._jobs.give_back(job, reason=FAILED, detail=detail),
            job.owner or "",
            self._stop,
        )


def has_files(folder: Path) -> bool:
    """Whether there is a file in a folder."""
    return folder.is_dir() and any(folder.iterdir())


def _check_read(scored: Scored, *, is_last_try: bool) -> None:
    """Refuse a result without images that could be read another time.

    The disk may have a fault, or the process that decoded an image was killed. A process that
    ends at each try does so because of the image, which is skipped then.

    Raises:
        OSError: If there is one.
    """
    unread = [
        each
        for each in scored.skipped
        if each.reason is Reason.NO_PERMISSION or (CRASHED in each.detail and not is_last_try)
    ]
    if unread:
        raise OSError(errno.EIO, f"{len(unread)} files cannot be opened")


def _why(scored: Scored, failure: str) -> Why | None:
    """Why there is no score; else, why there is no report."""
    missing = why_not(scored.verdicts, scored.skipped)
    return missing or (Why(NO_REPORT, failure) if failure else None)


def _where(error: Exception) -> str:
    """Where an error was raised; its message could quote a header or a path."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"in {Path(frame.filename).name}, line {frame.lineno}"
