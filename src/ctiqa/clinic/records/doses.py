"""Dose of irradiation events, and of the scans whose images come from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select, update

from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.cursors import Cursors
from ctiqa.clinic.records.dose_values import DoseEvent, SeriesDose, additions, series_dose
from ctiqa.clinic.records.records import Records
from ctiqa.physics.patient.trunk import TRUNK
from ctiqa.store.database.clinic_tables import doses, exposures
from ctiqa.store.database.insert import insert_or_replace
from ctiqa.store.database.parts import parts
from ctiqa.store.database.tables import scans, slices
from ctiqa.store.store import Store

VALUES = ("ctdivol_mgy", "dlp_mgy_cm", "ctdi_phantom_cm")

NEEDED = ("ctdivol_mgy", "ctdi_phantom_cm", "ssde_mgy", "water_equivalent_diameter_mm", "body_part")
"""Columns of a scan that decide on what is added to it."""

MOST_PARTS = 20
"""Parts of a series (``UID#2``…) that are looked for; there is one for each size of matrix."""

JOINED = "dose:scans"
"""Name of the position up to which scans were joined; no archive can have it."""

OVERLAP = 100
"""So many scans are looked at again: on PostgreSQL, they may appear in another order."""

BLOCK = 1000
"""Scans that are completed at a time."""


class Doses(Records):
    """Dose of the irradiation events of a store.

    All methods raise ``OutputError`` if the database cannot be reached.

    Args:
        store: The store.
        now: The clock.
    """

    def __init__(self, store: Store, now: Clock = utc_now) -> None:
        super().__init__(store, now)
        self._cursors = Cursors(store, now)

    def record(self, study: str, events: Iterable[DoseEvent]) -> int:
        """Store events of a dose report; a later report adds to and corrects earlier ones.

        Args:
            study: UID of the study, of which only a keyed hash is kept.
            events: The events.

        Returns:
            Number of events that are new or have changed.
        """
        named = {self._store.privacy.uid(each.event): each for each in events}
        study_hash = f"{self._store.privacy.number('study', study):016x}"
        changed = []
        with self._store.writing() as connection:
            known = _recorded(connection, named)
            for name, event in sorted(named.items()):
                values = _merged(event, known.get(name))
                if name not in known or values != {key: known[name][key] for key in VALUES}:
                    changed.append({"event": name, "study": study_hash, **values})
            rows = [{**row, "received": self._now()} for row in changed]
            insert_or_replace(connection, doses, rows)
        return len(changed)

    def join(self) -> int:
        """Complete all scans whose header has no CTDIvol or phantom, as far as events are known.

        Returns:
            Number of scans that were completed.
        """
        with self._store.reading() as connection:
            last = connection.scalar(select(func.max(scans.c.id))) or 0
        return sum(
            self._complete(and_(scans.c.id > first, scans.c.id <= first + BLOCK))
            for first in range(0, last, BLOCK)
        )

    def join_new(self, events: Iterable[str] = ()) -> int:
        """Complete scans that were stored since the last time, and those of some events.

        Args:
            events: UIDs of events that were recorded now.

        Returns:
            Number of scans that were completed.
        """
        position = int(self._cursors.position(JOINED) or 0)
        with self._store.reading() as connection:
            last = int(connection.scalar(select(func.max(scans.c.id))) or 0)
            series = _series_of(connection, [self._store.privacy.uid(each) for each in events])
        done = self._complete(scans.c.id > min(position, last) - OVERLAP)
        for part in parts(series):
            done += self._complete(scans.c.series_uid.in_(part))
        if not position <= last < position + OVERLAP // 2:
            self._cursors.move(JOINED, str(last))
        return done

    def _complete(self, which: ColumnElement[bool]) -> int:
        incomplete = or_(scans.c.ctdivol_mgy.is_(None), scans.c.ctdi_phantom_cm.is_(None))
        query = select(scans.c.id, scans.c.series_uid, *(scans.c[name] for name in NEEDED))
        query = query.where(which, incomplete).order_by(scans.c.id)
        with self._store.reading() as connection:
            rows = connection.execute(query).mappings().all()
            found = _series_doses(connection, [_series(row["series_uid"]) for row in rows])
            wanted = [row for row in rows if _series(row["series_uid"]) in found]
            shares = _trunk_shares(connection, [row["id"] for row in wanted])
        new: dict[int, dict[str, Any]] = {}
        for row in wanted:
            dose = found[_series(row["series_uid"])]
            if values := additions(dict(row), dose, shares.get(row["id"])):
                new[row["id"]] = values
        return self._fill(new)

    def _fill(self, new: dict[int, dict[str, Any]]) -> int:
        if not new:
            return 0
        done = 0
        with self._store.writing() as connection:
            for number, values in new.items():
                same = and_(scans.c.id == number, *(scans.c[name].is_(None) for name in values))
                done += connection.execute(update(scans).where(same).values(**values)).rowcount
        return done


def _series(name: str) -> str:
    """The series that a part belongs to."""
    return name.partition("#")[0]


def _recorded(connection: Connection, events: Iterable[str]) -> dict[str, RowMapping]:
    found: dict[str, RowMapping] = {}
    for part in parts(sorted(events)):
        rows = connection.execute(select(doses).where(doses.c.event.in_(part))).mappings()
        found.update((row["event"], row) for row in rows)
    return found


def _merged(event: DoseEvent, known: RowMapping | None) -> dict[str, float | None]:
    """The values of an event; what it does not state stays as it was."""
    values = {name: getattr(event, name) for name in VALUES}
    if known is None:
        return values
    return {name: known[name] if value is None else value for name, value in values.items()}


def _series_of(connection: Connection, events: Sequence[str]) -> list[str]:
    """Names of the series of some events, with those of their parts."""
    found: set[str] = set()
    for part in parts(sorted(events)):
        query = select(exposures.c.series).where(exposures.c.event.in_(part))
        found.update(connection.scalars(query))
    return [
        each if number == 1 else f"{each}#{number}"
        for each in sorted(found)
        for number in range(1, MOST_PARTS + 1)
    ]


def _series_doses(connection: Connection, series: Iterable[str]) -> dict[str, SeriesDose]:
    """The dose of those series that have one."""
    events: dict[str, list[DoseEvent | None]] = {}
    query = select(exposures.c.series, doses.c.event, *(doses.c[name] for name in VALUES))
    query = query.join_from(exposures, doses, exposures.c.event == doses.c.event, isouter=True)
    for part in parts(sorted(set(series))):
        for name, event, *values in connection.execute(query.where(exposures.c.series.in_(part))):
            known = None if event is None else DoseEvent(event, *values)
            events.setdefault(name, []).append(known)
    found = {name: series_dose(each) for name, each in events.items()}
    return {name: dose for name, dose in found.items() if dose is not None}


def _trunk_shares(connection: Connection, numbers: Sequence[int]) -> dict[int, float]:
    """Share of the slices with a region that show the trunk, by scan."""
    in_trunk = func.count().filter(slices.c.region.in_(sorted(TRUNK)))
    query = select(slices.c.scan, in_trunk, func.count()).where(slices.c.region.is_not(None))
    found: dict[int, float] = {}
    for part in parts(numbers):
        rows = connection.execute(query.where(slices.c.scan.in_(part)).group_by(slices.c.scan))
        found.update((scan, some / every) for scan, some, every in rows)
    return found
