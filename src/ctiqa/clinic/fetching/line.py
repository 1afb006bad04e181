"""One archive: looks at it again and again, later after each failure."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Event

from ctiqa.clinic.config.sending import Fetch
from ctiqa.clinic.fetching.dicomweb import DicomwebLook
from ctiqa.clinic.fetching.faults import ArchiveFault, StoppedError
from ctiqa.clinic.fetching.known import Known
from ctiqa.clinic.fetching.landing import Landing
from ctiqa.clinic.fetching.orthanc import OrthancLook
from ctiqa.clinic.fetching.session import Archive
from ctiqa.clinic.fetching.tally import Tally
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.cursors import Cursors
from ctiqa.clinic.service.part.patience import OUT_OF_ORDER
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.store import Store

LONGEST_S = 900.0
"""Longest pause after failures, unless the archive is looked at less often anyway."""

log = logging.getLogger("ctiqa.clinic")


class ArchiveLine:
    """Catches up with one archive.

    Args:
        fetch: The table of the configuration.
        spool: The spool.
        folder: Folder on the same drive for what is arriving.
        store: The store.
        stop: Ends it.
        most_bytes: Largest instance that is accepted.
        now: The clock.

    Attributes:
        sentence: What it does, or what is wrong and what to do.
        is_well: Whether it does its work.
        counts: What it has fetched since it was started.
    """

    def __init__(
        self,
        fetch: Fetch,
        spool: SpoolFolder,
        folder: Path,
        store: Store,
        stop: Event,
        *,
        most_bytes: int,
        now: Clock = utc_now,
    ) -> None:
        self._fetch = fetch
        self._folder = folder
        self._store = store
        self._stop = stop
        self._now = now
        self._landing = Landing(spool, fetch.name, most_bytes)
        self._known = Known(store, fetch.name, now)
        self._failures = 0
        self.sentence = f"'{fetch.name}' is looked at for the first time"
        self.is_well = True
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Look at the archive until stopped."""
        with suppress(StoppedError):
            while not self._stop.is_set():
                self.turn()
                self._stop.wait(self.pause_s)

    @property
    def pause_s(self) -> float:
        """Time until the next look, in seconds."""
        every_s = self._fetch.every_seconds
        return min(every_s * 2.0 ** min(self._failures, 20), max(every_s, LONGEST_S))

    def turn(self) -> None:
        """Look once, and remember what came of it.

        Raises:
            StoppedError: If the program is to end.
        """
        tally = Tally(self._fetch.name)
        try:
            self._look(tally)
        except ArchiveFault as fault:
            self._say(f"'{self._fetch.name}': {fault}", is_well=False)
        except OUT_OF_ORDER as error:
            self._say(f"'{self._fetch.name}' waits: {error}", is_well=False)
        else:
            self._failures = 0
            self._conclude(tally)
        finally:
            found = {"series": tally.series, "instances": tally.instances}
            self.counts.update(found, failed=len(tally.failed), given_up=tally.given_up)

    def _look(self, tally: Tally) -> None:
        days = self._fetch.days
        with Archive(self._fetch, self._stop) as archive:
            if self._fetch.kind == "orthanc":
                cursors = Cursors(self._store, self._now)
                OrthancLook(
                    archive,
                    self._known,
                    self._landing,
                    cursors=cursors,
                    days=days,
                    now=self._now,
                ).run(tally)
            else:
                DicomwebLook(
                    archive,
                    self._known,
                    self._landing,
                    folder=self._folder,
                    days=days,
                    now=self._now,
                ).run(tally)
        self._known.forget(days)

    def _conclude(self, tally: Tally) -> None:
        name, n_failed = self._fetch.name, len(tally.failed)
        if tally.note:
            log.warning("fetcher: '%s': %s", name, tally.note)
        note = f"; {tally.note}" if tally.note else ""
        if n_failed:
            lost = f", {tally.given_up} of them for the last time" if tally.given_up else ""
            self._say(
                f"'{name}': {n_failed} series could not be fetched{lost}, the first because "
                f"{tally.failed[0]}{note}",
                is_well=False,
            )
        else:
            n_lost = self.counts["given_up"]
            given_up = f", but for {n_lost} series that were given up" if n_lost else ""
            self._say(f"has caught up with '{name}'{given_up}{note}", is_well=True)

    def _say(self, sentence: str, *, is_well: bool) -> None:
        if not is_well:
            self._failures += 1
            if sentence != self.sentence:
                log.warning("fetcher: %s", sentence)
        self.sentence, self.is_well = sentence, is_well
