"""Targets, and results that wait to be sent to them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.clinic.conftest import START, Watch
from tests.clinic.sending.peers import SR, write_result

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.sending import DicomTarget, StowTarget, Target
from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery, add_deliveries
from ctiqa.clinic.sending.line import TargetLine, sender_of
from ctiqa.store import open_store
from ctiqa.store.store import Store


def dicom(port: int, **keys: Any) -> DicomTarget:
    """A target on this computer."""
    values = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", **keys}
    return DicomTarget.model_validate({"kind": "dicom", "port": port, **values})


def stow(url: str, **keys: Any) -> StowTarget:
    """A target on this computer."""
    return StowTarget.model_validate({"kind": "stow", "name": "web", "url": url, **keys})


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Outbox:
    """Results of a store, with their files."""

    def __init__(self, store: Store, folder: Path, watch: Watch) -> None:
        self.store = store
        self.folder = folder
        self.watch = watch
        self.deliveries = Deliveries(store, watch)

    def put(self, *uids: str, target: str = "pacs", sop_class: str = SR) -> None:
        """Add results that are due now."""
        for uid in uids:
            write_result(self.folder / f"{uid}.dcm", uid, sop_class=sop_class)
            self.promise(f"{uid}.dcm", target)

    def promise(self, file: str, target: str = "pacs") -> None:
        """Add a result without a file."""
        with self.store.writing() as connection:
            new = [NewDelivery(target, "sr", file)]
            add_deliveries(connection, "1.2.3.4", new, self.watch())

    def line(self, target: Target) -> TargetLine:
        """What sends to a target, without chance."""
        sender = sender_of(target, Config())
        return TargetLine(
            target, self.folder, self.deliveries, sender, now=self.watch, jitter=lambda: 1.0
        )

    def turn(self, target: Target) -> int:
        """Send what is due."""
        return self.line(target).turn(Event())

    def states(self) -> list[tuple[str, int]]:
        """State and number of tries of all results, in the order in which they were added."""
        found = self.deliveries.of_series("1.2.3.4")
        return [(each.state, each.tries) for each in reversed(found)]

    def error(self) -> str:
        """Why the last try of the only result failed."""
        (found,) = self.deliveries.of_series("1.2.3.4")
        return found.error or ""


@pytest.fixture
def outbox(tmp_path: Path, watch: Watch) -> Iterator[Outbox]:
    """Results in an SQLite store."""
    assert watch() == START
    with open_store(tmp_path / "ct.sqlite") as store:
        yield Outbox(store, tmp_path / "out", watch)


OutboxOf = Callable[[Store], Outbox]


@pytest.fixture
def outbox_of(tmp_path: Path, watch: Watch) -> OutboxOf:
    """Results in any store."""
    return lambda store: Outbox(store, tmp_path / "out", watch)
