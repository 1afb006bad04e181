"""A spool with a keeper, a queue, and a clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.clinic.conftest import Watch
from tests.clinic.keeping.made import config, spool_of

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.keeping.keeper import Keeper
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.store import Store


@dataclass
class Room:
    """Everything around a keeper."""

    used: Config
    spool: SpoolFolder
    store: Store
    watch: Watch
    jobs: Jobs
    keeper: Keeper

    def work(self) -> None:
        """One round of the keeper."""
        self.keeper.work()

    def wait(self) -> None:
        """Let the quiet time pass, and do a round."""
        self.watch.move(seconds=61)
        self.work()

    def sign(self) -> tuple[bool, str]:
        """The last sign of life: whether all is well, and the sentence."""
        [found] = [each for each in Health(self.store, self.watch).signs() if each.part == "keeper"]
        return found.is_well, found.sentence

    def restart(self, used: Config | None = None) -> None:
        """A new keeper, which knows nothing of the one before."""
        self.keeper = Keeper(used or self.used, self.store, now=self.watch)


@pytest.fixture
def room(tmp_path: Path, store: Store, watch: Watch) -> Room:
    """A room with the usual quiet time."""
    used = config(tmp_path, score={"quiet_seconds": 60, "lease_seconds": 30})
    spool = spool_of(used)
    return Room(used, spool, store, watch, Jobs(store, watch), Keeper(used, store, now=watch))
