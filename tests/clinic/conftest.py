"""Stores, clocks and servers of the tests of the clinic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tests.store.postgres import Server, server_or_skip

from ctiqa.store import open_store
from ctiqa.store.store import Store

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
"""Time at which tests begin."""


@dataclass
class Watch:
    """A clock that tests move."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def move(self, **how: float) -> None:
        """Move the clock, by days, hours, minutes or seconds."""
        self.time += timedelta(**how)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for the whole session."""
    yield from server_or_skip()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a new store, of both kinds."""
    if request.param == "sqlite":
        return str(tmp_path / "ct.sqlite")
    server: Server = request.getfixturevalue("postgres")
    return server.create(f"clinic_{uuid4().hex}")


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """A new store, of both kinds."""
    with open_store(address) as opened:
        yield opened


@pytest.fixture
def watch() -> Watch:
    """A clock."""
    return Watch()
