"""Which series of an archive ctiqa has already, and which it has tried in vain."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.cursors import Cursors
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.store.database.tables import scans
from ctiqa.store.store import Store

MOST_TRIES = 10
"""After so many failures, a series is given up; more instances begin it anew."""

MARGIN = timedelta(days=7)
"""How much longer series are remembered than they are looked for."""


class Known:
    """What is known of the series of one archive.

    A series that has come is remembered with the number of its instances, for as long as it may be
    listed again. So nothing is fetched twice, even when its files, its job or, in a dose report,
    both are gone. All methods raise ``OutputError`` if the database cannot be reached.

    Args:
        store: The store.
        archive: Name of the archive.
        now: The clock.
    """

    def __init__(self, store: Store, archive: str, now: Clock = utc_now) -> None:
        self._store = store
        self._cursors = Cursors(store, now)
        self._jobs = Jobs(store, now)
        self._now = now
        self._prefix = f"fetch:{archive}:"

    def name(self, series: str) -> str:
        """Name of a series in the store."""
        return self._store.privacy.uid(series)

    def is_settled(self, series: str, count: int) -> bool:
        """Whether a series has come with so many instances, by whatever way, or was given up."""
        name = self.name(series)
        come, tries, tried = self._row(name)
        if come >= count or (tries >= MOST_TRIES and tried >= count):
            return True
        job = self._jobs.get(name)
        if (job is not None and job.n_instances >= count) or self._n_slices(name) >= count:
            self.come(series, count)
            return True
        return False

    def come(self, series: str, count: int) -> None:
        """Remember that so many instances of a series are on the disk."""
        self._cursors.move(self._prefix + self.name(series), f"{count} 0 0")

    def failed(self, series: str, count: int) -> bool:
        """Remember a failure.

        Returns:
            Whether it was the last try.
        """
        name = self.name(series)
        come, tries, tried = self._row(name)
        tries = tries + 1 if tried == count else 1
        self._cursors.move(self._prefix + name, f"{come} {tries} {count}")
        return tries >= MOST_TRIES

    def forget(self, days: int) -> None:
        """Forget series that are not looked for any more."""
        self._cursors.forget(self._prefix, self._now() - timedelta(days=days) - MARGIN)

    def _row(self, name: str) -> tuple[int, int, int]:
        """Instances that have come, number of tries, and for how many instances."""
        come, tries, tried = map(
            int, (self._cursors.position(self._prefix + name) or "0 0 0").split()
        )
        return come, tries, tried

    def _n_slices(self, name: str) -> int:
        """The slices of the largest stored scan of a series."""
        count = func.max(scans.c.n_judged + scans.c.n_unjudged)
        with self._store.reading() as connection:
            return connection.scalar(select(count).where(scans.c.series_uid == name)) or 0
