"""The fetcher: a thread for each archive, so that one that hangs holds up no other."""

from __future__ import annotations

import shutil
import time
from threading import Event, Thread

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.fetching.line import ArchiveLine
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.clinic.service.part.patience import insist
from ctiqa.clinic.spool.spool import PRIVATE, SpoolFolder
from ctiqa.store.store import Store

PART = "fetcher"
"""Name of this part on the health page."""

ROUND_S = 0.2
"""Time between two looks at the clock."""

END_S = 3.0
"""How long a request may take to end when the fetcher is stopped."""


def run_fetcher(config: Config, stop: Event) -> None:
    """Fetch what was missed, until stopped; returns within a few seconds of that.

    A database, a disk or an archive that is out of order is waited for, and said on the health
    page. What is arriving when the program is killed is fetched again.

    Args:
        config: The configuration.
        stop: Ends it.

    Raises:
        UsageError: If the configuration does not fit the store.
    """
    store = store_when_there(config, PART, stop)
    if store is None:
        return
    with store:
        Fetcher(config, store, stop).run()


class Fetcher:
    """Fetches from the archives of a configuration.

    Args:
        config: The configuration.
        store: The store.
        stop: Ends it.
        now: The clock.
    """

    def __init__(self, config: Config, store: Store, stop: Event, now: Clock = utc_now) -> None:
        reserve = int(config.spool.reserve_gigabytes * 10**9)
        self._spool = SpoolFolder(config.spool.folder, reserve)
        self._stop = stop
        self._life = Life(store, PART, now)
        folder = config.spool.folder / "fetching"
        most_bytes = config.listen.most_instance_megabytes * 10**6
        self._folder = folder
        self.lines = [
            ArchiveLine(each, self._spool, folder, store, stop, most_bytes=most_bytes, now=now)
            for each in config.fetch
        ]

    def run(self) -> None:
        """Fetch until stopped; a request that does not end then is left to itself."""
        insist(self._prepare, PART, self._stop)
        failures: list[Exception] = []
        threads = [Thread(target=_work, args=(line, failures), daemon=True) for line in self.lines]
        for thread in threads:
            thread.start()
        while not self._stop.is_set() and not failures:
            self.tell()
            self._stop.wait(ROUND_S)
        if failures:
            raise failures[0]
        end = time.monotonic() + END_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def tell(self) -> None:
        """Give a sign of life."""
        sentence = "; ".join(line.sentence for line in self.lines) or "there is nothing to fetch"
        self._life.tell(
            sentence, is_well=all(line.is_well for line in self.lines), facts=self._facts
        )

    def _facts(self) -> dict[str, float]:
        names = ("series", "instances", "failed", "given_up")
        return {name: float(sum(line.counts[name] for line in self.lines)) for name in names}

    def _prepare(self) -> None:
        self._spool.prepare()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=PRIVATE, exist_ok=True)


def _work(line: ArchiveLine, failures: list[Exception]) -> None:
    """Look at one archive until stopped; an error that nobody expects ends the fetcher."""
    try:
        line.run()
    except Exception as error:  # noqa: BLE001 - raised by the main thread
        failures.append(error)
