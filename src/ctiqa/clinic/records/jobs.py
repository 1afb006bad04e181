"""The queue: one job for each series that was received.

The files of a series are the truth; a job only says what is to be done with them. If the database
is lost, jobs are made again from the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, update

from ctiqa.clinic.records.deliveries import NewDelivery, add_deliveries
from ctiqa.clinic.records.records import Records
from ctiqa.store.database.clinic_tables import deliveries, jobs
from ctiqa.store.database.insert import insert_once

JobState = Literal["open", "waiting", "running", "done", "aside"]
"""``open``: instances may still come; ``waiting``: to be scored; ``running``: leased to a worker;
``done``: scored; ``aside``: set aside, because it cannot be scored."""


@dataclass(frozen=True, slots=True)
class Job:
    """A series that was received.

    Attributes:
        series: Name of the series in the store, and of its folder in the spool.
        state: What is to be done.
        source: Where the last instances came from, such as an AE title.
        n_instances: Number of files in the folder.
        generation: Counts how often instances arrived; a result is that of one generation.
        tries: How often scoring this generation was begun.
        first_received: When the first instance arrived.
        last_received: When the last instance arrived.
        owner: The worker that has it, if it is running.
        leased_until: When the lease ends, if it is running.
        finished: When it was done or set aside.
        reason: Code of why it was set aside, or why nothing in it has a score.
        detail: The same in plain words, without names of files.
    """

    series: str
    state: JobState
    source: str
    n_instances: int
    generation: int
    tries: int
    first_received: datetime
    last_received: datetime
    owner: str | None
    leased_until: datetime | None
    finished: datetime | None
    reason: str | None
    detail: str | None


_SIZES = select(jobs.c.series, jobs.c.n_instances)


class Jobs(Records):
    """The queue of a store; may be used by several threads and processes at once.

    All methods raise ``OutputError`` if the database cannot be reached.

    Args:
        store: The store.
        now: The clock.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from ctiqa.clinic.records.clock import utc_now
    >>> from ctiqa.store import open_store
    >>> with tempfile.TemporaryDirectory() as folder, open_store(Path(folder, "a.db")) as store:
    ...     jobs = Jobs(store)
    ...     jobs.arrived("1.2.3", 30, source="PACS", at=utc_now())
    ...     _ = jobs.close_quiet(utc_now())
    ...     job = jobs.lease("worker 1", timedelta(minutes=5), most_tries=3)
    ...     jobs.finish(job), jobs.counts()["done"]
    (True, 1)
    """

    def arrived(self, series: str, n_instances: int, *, source: str, at: datetime) -> None:
        """Record that instances of a series arrived: the series is open, and scored (again) later.

        Args:
            series: Name of the series.
            n_instances: Number of its files, with the new ones.
            source: Where they came from.
            at: When the last of them came; a time in the future counts as now.
        """
        at = min(at, self._now())
        with self._store.writing() as connection:
            row = {
                "series": series,
                "state": "open",
                "source": source,
                "n_instances": n_instances,
                "generation": 1,
                "tries": 0,
                "first_received": at,
                "last_received": at,
            }
            if not insert_once(connection, jobs, row):
                connection.execute(_of(series).values(_reopened(n_instances, source, at)))

    def close_quiet(self, before: datetime) -> int:
        """Series whose last instance came at or before a time wait for their score from now on.

        An instance that came later than now came now: the clock was set back.

        Returns:
            Number of series.
        """
        now = self._now()
        with self._store.writing() as connection:
            late = (jobs.c.state == "open") & (jobs.c.last_received > now)
            connection.execute(update(jobs).where(late).values(last_received=now))
            quiet = (jobs.c.state == "open") & (jobs.c.last_received <= before)
            done = connection.execute(update(jobs).where(quiet).values(state="waiting"))
            return int(done.rowcount)

    def lease(self, owner: str, length: timedelta, *, most_tries: int) -> Job | None:
        """Take the series that has waited longest; a lease that has run out frees it again.

        A lease that ends later than one that begins now is void too: the clock was set back.

        Args:
            owner: Name of the worker.
            length: How long it has the series, unless it renews the lease.
            most_tries: Series that were begun as often are left alone.

        Returns:
            The job; ``None`` if none is waiting.
        """
        now = self._now()
        free = _free(now, length) & (jobs.c.tries < most_tries)
        pick = select(jobs.c.series).where(free).order_by(jobs.c.last_received, jobs.c.series)
        with self._store.writing() as connection:
            # Of two workers, the second takes another row.
            series = connection.scalar(pick.limit(1).with_for_update(skip_locked=True))
            if series is None:
                return None
            taken = _of(series).values(
                state="running", tries=jobs.c.tries + 1, owner=owner, leased_until=now + length
            )
            connection.execute(taken)
            return _read(connection, series)

    def renew(self, job: Job, length: timedelta) -> bool:
        """Prolong a lease.

        Returns:
            Whether the worker still has the series, and no instance has arrived since.
        """
        return self._if_held(job, leased_until=self._now() + length)

    def finish(
        self,
        job: Job,
        results: Sequence[NewDelivery] = (),
        *,
        reason: str | None = None,
        detail: str | None = None,
    ) -> bool:
        """Record that a series is scored, and what is to be sent, in one transaction.

        Args:
            job: The job, as it was leased.
            results: What is to be sent.
            reason: Why nothing in it has a score, if nothing has.
            detail: The same in plain words, without names of files.

        Returns:
            Whether it counts; not if the lease has run out, or instances arrived in the meantime.
        """
        with self._store.writing() as connection:
            changed = _held(job).values(
                state="done",
                finished=self._now(),
                owner=None,
                leased_until=None,
                reason=reason,
                detail=detail,
            )
            if not connection.execute(changed).rowcount:
                return False
            add_deliveries(connection, job.series, results, self._now())
            return True

    def give_back(self, job: Job, *, reason: str, detail: str) -> bool:
        """Return a series that could not be scored; it is tried again.

        Returns:
            Whether the worker still had it.
        """
        return self._if_held(
            job, state="waiting", owner=None, leased_until=None, reason=reason, detail=detail
        )

    def put_back(self, job: Job) -> bool:
        """Return a series that was not scored through no fault of its own; it counts as no try.

        Returns:
            Whether the worker still had it.
        """
        return self._if_held(
            job, state="waiting", owner=None, leased_until=None, tries=jobs.c.tries - 1
        )

    def set_aside(self, series: str, *, reason: str, detail: str) -> bool:
        """Set a series aside, to be looked at by a person; its files are kept.

        Returns:
            Whether there is such a series.
        """
        changed = _of(series).values(
            state="aside",
            finished=self._now(),
            owner=None,
            leased_until=None,
            reason=reason,
            detail=detail,
        )
        with self._store.writing() as connection:
            return bool(connection.execute(changed).rowcount)

    def exhausted(self, length: timedelta, *, most_tries: int) -> list[Job]:
        """Series that were begun too often and that no worker has: they stop whoever scores them.

        Args:
            length: Length of a lease.
            most_tries: As for :meth:`lease`.
        """
        condition = _free(self._now(), length) & (jobs.c.tries >= most_tries)
        return self._listed(condition, 1000)

    def release(self, owners: str) -> int:
        """End the leases of workers that are no longer there.

        Args:
            owners: Beginning of their names.

        Returns:
            Number of series that wait again.
        """
        theirs = (jobs.c.state == "running") & jobs.c.owner.startswith(owners, autoescape=True)
        freed = update(jobs).where(theirs).values(state="waiting", owner=None, leased_until=None)
        with self._store.writing() as connection:
            return int(connection.execute(freed).rowcount)

    def try_again(self, series: str) -> bool:
        """Score a series once more that was set aside, or is done.

        Returns:
            Whether there is such a series.
        """
        settled = _of(series).where(jobs.c.state.in_(["aside", "done"]))
        again = settled.values(state="waiting", tries=0, finished=None, reason=None, detail=None)
        with self._store.writing() as connection:
            return bool(connection.execute(again).rowcount)

    def get(self, series: str) -> Job | None:
        """The job of a series."""
        with self._store.reading() as connection:
            return _read(connection, series)

    def n_instances(self) -> dict[str, int]:
        """Number of files of every series."""
        with self._store.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(_SIZES)}

    def counts(self) -> dict[JobState, int]:
        """Number of series by state; every state is there."""
        query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        found: dict[JobState, int] = dict.fromkeys(
            ("open", "waiting", "running", "done", "aside"), 0
        )
        with self._store.reading() as connection:
            return found | {row[0]: row[1] for row in connection.execute(query)}

    def listed(self, state: JobState, most: int = 100) -> list[Job]:
        """Series in a state, the one that came last first."""
        return self._listed(jobs.c.state == state, most)

    def finished_before(self, moment: datetime, most: int = 1000) -> list[Job]:
        """Scored series without results that wait to be sent, that came before a time; for removal.

        The one that came first is the first.
        """
        unsent = select(deliveries.c.series).where(deliveries.c.state == "waiting")
        condition = (
            (jobs.c.state == "done")
            & (jobs.c.last_received < moment)
            & jobs.c.series.not_in(unsent)
        )
        query = select(jobs).where(condition).order_by(jobs.c.last_received).limit(most)
        with self._store.reading() as connection:
            return [_job(row) for row in connection.execute(query)]

    def remove(self, job: Job) -> bool:
        """Forget a series, unless instances arrived in the meantime; results stay.

        Returns:
            Whether it is forgotten.
        """
        same = (jobs.c.series == job.series) & (jobs.c.generation == job.generation)
        with self._store.writing() as connection:
            return bool(connection.execute(delete(jobs).where(same)).rowcount)

    def _listed(self, condition: ColumnElement[bool], most: int) -> list[Job]:
        query = select(jobs).where(condition).order_by(jobs.c.last_received.desc()).limit(most)
        with self._store.reading() as connection:
            return [_job(row) for row in connection.execute(query)]

    def _if_held(self, job: Job, **values: Any) -> bool:
        with self._store.writing() as connection:
            return bool(connection.execute(_held(job).values(**values)).rowcount)


def _free(now: datetime, length: timedelta) -> ColumnElement[bool]:
    """Series that nobody works on."""
    expired = (jobs.c.leased_until < now) | (jobs.c.leased_until > now + length)
    return (jobs.c.state == "waiting") | ((jobs.c.state == "running") & expired)


def _of(series: str) -> Any:
    return update(jobs).where(jobs.c.series == series)


def _held(job: Job) -> Any:
    """The row of a job, if the worker still has it and nothing arrived since."""
    return _of(job.series).where(
        jobs.c.state == "running",
        jobs.c.owner == job.owner,
        jobs.c.generation == job.generation,
        jobs.c.tries == job.tries,
    )


def _reopened(n_instances: int, source: str, at: datetime) -> Mapping[str, Any]:
    """What changes when instances arrive; who is scoring the series works in vain."""
    return {
        "state": "open",
        "source": source,
        "n_instances": n_instances,
        "generation": jobs.c.generation + 1,
        "tries": 0,
        "last_received": at,
        "owner": None,
        "leased_until": None,
        "finished": None,
        "reason": None,
        "detail": None,
    }


def _read(connection: Connection, series: str) -> Job | None:
    row = connection.execute(select(jobs).where(jobs.c.series == series)).one_or_none()
    return None if row is None else _job(row)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
