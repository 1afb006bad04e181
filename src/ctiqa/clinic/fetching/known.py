"""Which series of an archive ctiqa has already, and which it has tried in vain."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
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


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a series, or of a part of it.

    Attributes:
        come: Number of its instances that came.
        tries: How often fetching it has failed.
        tried: Number of instances that it had then.
    """

    come: int = 0
    tries: int = 0
    tried: int = 0


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

    def is_settled(self, series: str, part: str, count: int) -> bool:
        """Whether a series has come with so many instances, by whatever way, or was given up.

        Args:
            series: Its UID.
            part: What tells apart series with the same UID, which happens if one series was stored
                with two patients or studies.
            count: Number of instances in this part.
        """
        name = self.name(series)
        parts = self._parts(name)
        mine = parts.pop(self._part(part), Progress())
        if mine.come >= count or (mine.tries >= MOST_TRIES and mine.tried >= count):
            return True
        needed = count + sum(each.come for each in parts.values())
        job = self._jobs.get(name)
        if (job is not None and job.n_instances >= needed) or self._n_slices(name) >= needed:
            self.come(series, part, count)
            return True
        return False

    def come(self, series: str, part: str, count: int) -> None:
        """Remember that so many instances of a series are on the disk."""
        self._put(series, part, Progress(come=count))

    def failed(self, series: str, part: str, count: int) -> bool:
        """Remember a failure.

        Returns:
            Whether it was the last try.
        """
        before = self._parts(self.name(series)).get(self._part(part), Progress())
        tries = before.tries + 1 if before.tried == count else 1
        self._put(series, part, Progress(before.come, tries, count))
        return tries >= MOST_TRIES

    def forget(self, days: int) -> None:
        """Forget series that are not looked for any more."""
        self._cursors.forget(self._prefix, self._now() - timedelta(days=days) - MARGIN)

    def _part(self, part: str) -> str:
        return f"{self._store.privacy.number('part', part):016x}"

    def _parts(self, name: str) -> dict[str, Progress]:
        text = self._cursors.position(self._prefix + name) or "{}"
        return {part: Progress(*values) for part, values in json.loads(text).items()}

    def _put(self, series: str, part: str, progress: Progress) -> None:
        name = self.name(series)
        parts = self._parts(name) | {self._part(part): progress}
        text = json.dumps({each: astuple(found) for each, found in parts.items()})
        self._cursors.move(self._prefix + name, text)

    def _n_slices(self, name: str) -> int:
        """The slices of the largest stored scan of a series."""
        count = func.max(scans.c.n_judged + scans.c.n_unjudged)
        with self._store.reading() as connection:
            return connection.scalar(select(count).where(scans.c.series_uid == name)) or 0
