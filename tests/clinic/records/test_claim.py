"""Two listeners with different spools never share a store."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from tests.clinic.conftest import Watch
from tests.clinic.keeping.made import config, receive, spool_of

from ctiqa.clinic.keeping.keeper import run_keeper
from ctiqa.clinic.records.claim import Claim
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.scoring.run import run_scorer
from ctiqa.errors import UsageError
from ctiqa.store.store import Store


def supervised(store: Store, watch: Watch) -> None:
    """A sign of life of the listener that has the store."""
    Health(store, watch).tell("supervisor", "all parts run", started=watch())


def test_a_store_is_for_one_spool_as_long_as_its_listener_lives(store: Store, watch: Watch) -> None:
    Claim(store, "one", watch).make()
    supervised(store, watch)
    Claim(store, "one", watch).make()
    with pytest.raises(UsageError, match="with another spool"):
        Claim(store, "two", watch).make()
    with pytest.raises(UsageError, match="with another spool"):
        Claim(store, "two", watch).check()
    watch.move(seconds=91)
    Claim(store, "two", watch).make()
    supervised(store, watch)
    with pytest.raises(UsageError, match="with another spool"):
        Claim(store, "one", watch).check()


def test_a_listener_that_has_ended_leaves_the_store_at_once(store: Store, watch: Watch) -> None:
    Claim(store, "one", watch).make()
    supervised(store, watch)
    Claim(store, "two", watch).release()
    with pytest.raises(UsageError, match="with another spool"):
        Claim(store, "two", watch).make()
    Claim(store, "one", watch).release()
    Claim(store, "two", watch).make()


def test_of_two_at_the_same_moment_one_has_the_store(
    store: Store, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Claim(store, "one", watch), Claim(store, "two", watch)
    for owner_before in (None, "gone"):
        if owner_before:
            Claim(store, "one", watch).release()
            Claim(store, owner_before, watch).make()
        with monkeypatch.context() as late:
            # The second one has looked before the first one wrote.
            late.setattr(second, "check", first.make)
            late.setattr(
                "ctiqa.clinic.records.claim.Cursors.position",
                lambda _self, _source, owner=owner_before: owner,
            )
            with pytest.raises(UsageError, match="with another spool"):
                second.make()


def test_parts_with_another_spool_touch_nothing(tmp_path: Path, address: str, store: Store) -> None:
    (tmp_path / "b").mkdir()
    used, other = config(tmp_path / "a", address), config(tmp_path / "b", address)
    spool = spool_of(used)
    spool_of(other)
    Claim(store, spool.identity()).make()
    Health(store).tell("supervisor", "all parts run", started=Watch()())
    receive(spool, tmp_path / "b", "1.2.3", 1)
    jobs = Jobs(store)
    jobs.arrived("1.2.3", 1, source="CT", at=Watch()())
    jobs.close_quiet(Watch()())
    with pytest.raises(UsageError, match="with another spool"):
        run_scorer(other, 1, Event())
    with pytest.raises(UsageError, match="with another spool"):
        run_keeper(other, Event())
    assert jobs.counts()["done"] == 0
    assert spool.identity() != ""
