"""Catch up with an Orthanc, along its list of changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import requests

from ctiqa.archive.sources.dicomweb.session import Fault
from ctiqa.clinic.fetching.changes import (
    Page,
    change_at,
    changes_after,
    instances_of,
    last_change,
    series_state,
)
from ctiqa.clinic.fetching.faults import ArchiveFault
from ctiqa.clinic.fetching.known import MOST_TRIES, Known
from ctiqa.clinic.fetching.landing import Landing
from ctiqa.clinic.fetching.position import Position
from ctiqa.clinic.fetching.session import Archive
from ctiqa.clinic.fetching.tally import Tally
from ctiqa.clinic.keeping.looking import DOSE_REPORT
from ctiqa.clinic.records.clock import Clock
from ctiqa.clinic.records.cursors import Cursors

MOST_AGAIN = 10_000
"""Maximum number of series that are looked at again; the position waits for them."""

MOST_PAGES = 10_000
"""Pages of the list that are read in one look; the next one goes on from there."""

STARTED_AGAIN = (
    "the archive was set up anew, so its list of changes was followed from the beginning"
)


class OrthancLook:
    """One look at an Orthanc.

    The position moves on after each page of the list, when every series on it is on the disk, is
    not wanted, or is in the list of those that are looked at again, which is a part of the
    position.

    Args:
        archive: The connections.
        known: What ctiqa has.
        landing: Where instances go.
        cursors: Where the position is kept.
        days: How far back to begin.
        now: The clock.
    """

    def __init__(
        self,
        archive: Archive,
        known: Known,
        landing: Landing,
        *,
        cursors: Cursors,
        days: int,
        now: Clock,
    ) -> None:
        self._archive = archive
        self._known = known
        self._landing = landing
        self._cursors = cursors
        self._first = Position.first(now(), days)
        self._source = f"fetch:{landing.source}"

    def run(self, tally: Tally) -> None:
        """Fetch what is new.

        Raises:
            ArchiveFault: If the archive fails.
            StoppedError: If the program is to end.
            OutputError: If database or disk are out of order.
        """
        position = self._start(tally)
        again = list(position.again)
        self._follow(position, tally)
        self._fetch_all(again, position, tally)
        self._keep(position)

    def _follow(self, position: Position, tally: Tally) -> None:
        """Fetch what is in the rest of the list of changes."""
        for _ in range(MOST_PAGES):
            page = changes_after(self._archive, position.since)
            self._fetch_all(_wanted(page, position), position, tally)
            if len(position.again) > MOST_AGAIN:
                raise ArchiveFault(f"more than {MOST_AGAIN} series cannot be fetched; see its log")
            position.since = max(page.last, position.since)
            position.date = page.date or position.date
            self._keep(position)
            if page.is_end:
                return

    def _start(self, tally: Tally) -> Position:
        """Where to go on; at the beginning if the list is another one than last time."""
        text = self._cursors.position(self._source)
        if text is None:
            return self._first
        position = Position.parse(text)
        if not position.since or not self._is_other_list(position):
            return position
        tally.note = STARTED_AGAIN
        return replace(self._first, again=position.again)

    def _is_other_list(self, position: Position) -> bool:
        if last_change(self._archive) < position.since:
            return True
        date = change_at(self._archive, position.since) if position.date else ""
        return bool(date) and date != position.date

    def _keep(self, position: Position) -> None:
        text = position.to_text()
        if text != self._cursors.position(self._source):
            self._cursors.move(self._source, text)

    def _fetch_all(self, identifiers: Iterable[str], position: Position, tally: Tally) -> None:
        """Fetch series; those that fail are tried a few times more."""
        failed = [
            each for each in identifiers if not tally.attempt(partial(self._fetch, each, position))
        ]
        for each in failed:
            position.again[each] = position.again.get(each, 0) + (not tally.nothing_works)
            if position.again[each] >= MOST_TRIES:
                del position.again[each]
                tally.given_up += 1

    def _fetch(self, identifier: str, position: Position) -> int | None:
        """Fetch what is missing of a series; ``None`` if nothing is wanted of it."""
        state = series_state(self._archive, identifier)
        if state is not None and state.modality in ("CT", "SR"):
            if not state.is_stable:
                position.again.setdefault(identifier, 0)
                return None
            if not self._known.is_settled(state.uid, identifier, state.count):
                n_new = self._fetch_instances(identifier, state.uid, state.modality)
                self._known.come(state.uid, identifier, state.count)
                position.again.pop(identifier, None)
                return n_new
        position.again.pop(identifier, None)
        return None

    def _fetch_instances(self, identifier: str, series: str, modality: str) -> int:
        name = self._known.name(series)
        n_new = 0
        for instance, uid in instances_of(self._archive, identifier).items():
            if self._landing.has(uid, name):
                continue
            if modality == "SR" and not self._is_dose_report(instance):
                continue
            try:
                with self._archive.get(f"/instances/{instance}/file", "*/*") as answer:
                    n_new += self._landing.receive(answer.iter_content(), series, name)
            except requests.RequestException:
                raise Fault("it closes the connection in the middle of a file") from None
        return n_new

    def _is_dose_report(self, instance: str) -> bool:
        try:
            with self._archive.get(f"/instances/{instance}/metadata/SopClassUid", "*/*") as answer:
                sop_class: bytes = answer.whole()
                return sop_class.strip() == DOSE_REPORT.encode()
        except requests.RequestException:
            raise Fault("it closes the connection in the middle of an answer") from None


def _wanted(page: Page, position: Position) -> Iterator[str]:
    """The series of a page, each once, that are not too old."""
    seen: set[str] = set()
    for identifier, date in page.series:
        if date >= position.oldest and identifier not in seen:
            seen.add(identifier)
            yield identifier
