"""Things that are wrong, and channels that hear of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.clinic.conftest import Watch
from tests.clinic.sending.peers import Site, site

from ctiqa.clinic.alerts.running import Alerter
from ctiqa.clinic.config import Config
from ctiqa.clinic.config.config import StoreSection
from ctiqa.clinic.config.listening import Spool
from ctiqa.clinic.config.sending import Watch as WatchSection
from ctiqa.clinic.config.sending import Webhook
from ctiqa.clinic.records.health import Health
from ctiqa.store import open_store
from ctiqa.store.store import Store


def webhook(url: str, name: str = "hook", **keys: Any) -> Webhook:
    """A channel to a server on this computer."""
    return Webhook.model_validate({"kind": "webhook", "name": name, "url": url, **keys})


@dataclass
class Clinic:
    """A clinic in which nothing is wrong.

    Attributes:
        store: Its store.
        folder: Folder of the spool.
        watch: Its clock.
        channels: Who hears of alerts.
        settings: Keys of the section ``watch``.
    """

    store: Store
    folder: Path
    watch: Watch
    channels: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def config(self, **sections: Any) -> Config:
        """Its configuration."""
        return Config(
            store=StoreSection(address=str(self.folder / "ct.sqlite")),
            spool=Spool(folder=self.folder, reserve_gigabytes=0),
            watch=WatchSection.model_validate(self.settings),
            alert=self.channels,
            **sections,
        )

    def alerter(self, **sections: Any) -> Alerter:
        """An alerter, as it is after a start."""
        return Alerter(self.config(**sections), self.store, self.watch)

    def all_well(self) -> None:
        """Every part gives a sign of life."""
        for part in ("receiver", "keeper", "scorer-1"):
            self.say(part)

    def say(self, part: str, sentence: str = "works", *, is_well: bool = True) -> None:
        """A part gives a sign of life."""
        health = Health(self.store, self.watch)
        health.tell(part, sentence, started=self.watch(), is_well=is_well)

    def turn(self, alerter: Alerter | None = None, **sections: Any) -> None:
        """Look and tell once."""
        (alerter or self.alerter(**sections)).turn(Event())


@pytest.fixture
def clinic(tmp_path: Path, watch: Watch) -> Iterator[Clinic]:
    """A clinic on SQLite."""
    with open_store(tmp_path / "ct.sqlite") as store:
        found = Clinic(store, tmp_path, watch)
        found.all_well()
        yield found


@pytest.fixture
def hook() -> Iterator[Site]:
    """A server that takes messages."""
    with site() as found:
        yield found


def bodies(hook: Site) -> list[dict[str, Any]]:
    """The messages that a server got."""
    return [json.loads(each.body) for each in hook.requests]


def happenings(hook: Site) -> list[list[tuple[str, str]]]:
    """What each message lists: what has happened, and the kind of alert."""
    return [[(each["happening"], each["key"]) for each in body["alerts"]] for body in bodies(hook)]
