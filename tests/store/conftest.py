"""Stores of both kinds: SQLite always, PostgreSQL where its programs are installed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.store.postgres import Server, server_or_skip

from ctiqa.store import Store, open_store

NUMBERS = count()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    yield from server_or_skip()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no store yet."""
    if request.param == "sqlite":
        return str(tmp_path / "ct.sqlite")
    server: Server = request.getfixturevalue("server")
    return server.create(f"test{next(NUMBERS)}")


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """A new store."""
    with open_store(address) as found:
        yield found
