"""Parts, listener, dashboard and database are killed under load: each series is scored once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clinic.whole.kills import kill_and_count
from tests.store.postgres import Server

KILLS = 4
"""For each kind of database; 50 by hand."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_scored_once_and_reported(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    server: Server | None = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
    outcome = kill_and_count(tmp_path, server, kills=KILLS, seed=7)
    assert outcome.kills.total() == KILLS
    assert outcome.series > 0
    assert (outcome.lost, outcome.twice, outcome.unreported) == (0, 0, 0)
