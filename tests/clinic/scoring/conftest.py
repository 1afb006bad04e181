"""A quick model, and a spool whose series wait to be scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from tests.clinic.keeping.made import config, receive, spool_of
from tests.score.tiny_model import write_model

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.keeping.keeper import Keeper
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.scoring.run import run_scorer
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.store import Store

PACS = {"kind": "stow", "name": "pacs", "url": "http://127.0.0.1:1/dicom-web"}
ARCHIVE = {
    "kind": "dicom",
    "name": "archive",
    "ae_title": "ARCHIVE",
    "host": "127.0.0.1",
    "port": 1,
    "results": ["sr", "pdf"],
}


@dataclass
class Office:
    """A spool and its queue, in which everything is quiet at once."""

    folder: Path
    used: Config
    spool: SpoolFolder
    store: Store
    jobs: Jobs

    def receive(self, series: str, count: int, **tags: Any) -> None:
        """Acknowledge a series; it waits to be scored from now on."""
        receive(self.spool, self.folder / series, series, count, **tags)
        self.keep()

    def keep(self) -> None:
        """One round of the keeper."""
        Keeper(self.used, self.store).work()

    @contextmanager
    def scorer(self, number: int = 1) -> Iterator[Thread]:
        """A scorer in a thread."""
        stop = Event()
        thread = Thread(target=run_scorer, args=(self.used, number, stop))
        thread.start()
        try:
            yield thread
        finally:
            stop.set()
            thread.join(30)
        assert not thread.is_alive()

    def run(self, until: Callable[[], bool]) -> None:
        """Let a scorer work until something is so."""
        with self.scorer():
            wait_for(until)

    def run_all(self) -> None:
        """Let a scorer work until nothing is left to do."""
        self.run(lambda: not self.left())

    def left(self) -> int:
        """Number of series that are neither done nor aside."""
        counts = self.jobs.counts()
        return counts["open"] + counts["waiting"] + counts["running"]


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so; a slow machine has time enough."""
    pause = Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    pytest.fail(f"not so within {seconds} s")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a quick model."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def office(tmp_path: Path, address: str, store: Store, model: Path) -> Office:
    """An office with two targets of results."""
    score = {"model": str(model), "quiet_seconds": 0, "lease_seconds": 10}
    used = config(tmp_path, address, score=score, send=[PACS, ARCHIVE])
    return Office(tmp_path, used, spool_of(used), store, Jobs(store))
