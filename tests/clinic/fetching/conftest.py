"""A spool, a store and an archive to fetch from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.archive_sources.dicomweb_server import FakeServer, running
from tests.clinic.conftest import Watch

from ctiqa.clinic.config.sending import Fetch
from ctiqa.clinic.fetching.line import ArchiveLine
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.store import Store


@dataclass
class Room:
    """Everything around a line."""

    store: Store
    watch: Watch
    web: FakeServer
    spool: SpoolFolder
    folder: Path
    stop: Event = field(default_factory=Event)

    def line(self, kind: str = "orthanc", most_bytes: int = 10**7, **keys: Any) -> ArchiveLine:
        """A line that knows nothing of the one before."""
        values = {"kind": kind, "name": "pacs", "url": self.web.url, "days": 2, **keys}
        return ArchiveLine(
            Fetch.model_validate(values),
            self.spool,
            self.folder,
            self.store,
            self.stop,
            most_bytes=most_bytes,
            now=self.watch,
        )

    def arrived(self) -> list[str]:
        """Names of the files that were fetched."""
        return sorted(file.stem for source, file in self.spool.arrived() if source == "pacs")

    def take_away(self) -> None:
        """As the keeper, and retention after it."""
        for _, file in list(self.spool.arrived()):
            file.unlink()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with running() as server:
        yield server


@pytest.fixture
def room(tmp_path: Path, store: Store, watch: Watch, web: FakeServer) -> Room:
    spool = SpoolFolder(tmp_path / "spool")
    spool.prepare()
    folder = tmp_path / "spool" / "fetching"
    folder.mkdir()
    return Room(store, watch, web, spool, folder)
