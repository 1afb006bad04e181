"""Whatever fails in between, nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from threading import Event, Thread
from unittest.mock import Mock

import pytest
from tests.clinic.keeping.conftest import Room
from tests.clinic.keeping.made import (
    config,
    leased,
    names,
    receive,
    spool_of,
)

from ctiqa.clinic.keeping.keeper import Keeper, run_keeper
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.errors import OutputError
from ctiqa.store import open_store


@pytest.mark.parametrize("days", [-300, 300])
def test_a_clock_that_jumps_stops_no_series(room: Room, tmp_path: Path, days: int) -> None:
    receive(room.spool, tmp_path, "1.2.3", 1)
    room.work()
    room.watch.move(days=days)
    room.work()
    room.wait()
    assert room.jobs.counts()["waiting"] == 1


def test_the_queue_of_a_lost_database_is_made_again_from_the_files(
    room: Room, tmp_path: Path
) -> None:
    receive(room.spool, tmp_path, "1.2.3", 2)
    room.work()
    future = room.watch().timestamp() + 300 * 86_400
    for file in (room.spool.series / "1.2.3").iterdir():
        os.utime(file, (future, future))
    (room.spool.series / ".removed-1.2.9").mkdir()
    with open_store(tmp_path / "new.sqlite") as store:
        jobs = Jobs(store, room.watch)
        again = Keeper(room.used, store, now=room.watch)
        again.work()
        job = jobs.get("1.2.3")
        assert job is not None
        assert (job.n_instances, job.last_received) == (2, room.watch())
        room.watch.move(seconds=61)
        again.work()
        assert jobs.finish(leased(jobs))
        # Whoever restores a file by hand gets a new score.
        shutil.copy(tmp_path / "0.dcm", room.spool.series / "1.2.3" / "1.2.3.8.dcm")
        again.work()
        assert jobs.counts()["done"] == 1
        Keeper(room.used, store, now=room.watch).work()
        assert jobs.counts()["open"] == 1
    assert names(room.spool.series) == ["1.2.3"]


def test_a_series_that_ends_its_workers_is_set_aside_with_its_files(
    room: Room, tmp_path: Path
) -> None:
    receive(room.spool, tmp_path, "1.2.3", 1)
    room.work()
    room.wait()
    for _ in range(3):
        leased(room.jobs)
        room.work()
        assert room.jobs.counts()["aside"] == 0
        room.jobs.release("scorer-1:")
    room.work()
    [job] = room.jobs.listed("aside")
    assert job.reason == "crashed"
    assert "3 times" in str(job.detail)
    assert names(room.spool.series / "1.2.3") == ["1.2.3.1.dcm"]


def test_a_database_that_goes_away_loses_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.work()
    receive(room.spool, tmp_path, "1.2.3", 2)
    with monkeypatch.context() as broken:
        broken.setattr(Jobs, "arrived", Mock(side_effect=OutputError("gone")))
        with pytest.raises(OutputError, match="gone"):
            room.work()
    assert room.jobs.get("1.2.3") is None
    assert len(names(room.spool.series / "1.2.3")) == 2
    room.work()
    job = room.jobs.get("1.2.3")
    assert job is not None
    assert job.n_instances == 2


def test_a_disk_that_fails_in_between_loses_nothing(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = receive(room.spool, tmp_path, "1.2.3", 3)
    link = os.link
    done: list[object] = []

    def failing(source: Path, target: Path) -> None:
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        done.append(source)
        link(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", failing)
        with pytest.raises(OSError, match="No space"):
            room.work()
    assert all(file.exists() for file in files)
    room.work()
    job = room.jobs.get("1.2.3")
    assert job is not None
    assert job.n_instances == 3
    assert list(room.spool.arrived()) == []


def test_the_keeper_starts_before_its_database_and_ends_when_it_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "late").mkdir()
    used = config(tmp_path, str(tmp_path / "late" / "ct.sqlite"))
    spool = spool_of(used)
    (tmp_path / "late").rmdir()
    receive(spool, tmp_path, "1.2.3", 1)
    stop = Event()
    thread = Thread(target=run_keeper, args=(used, stop))
    thread.start()
    try:
        stop.wait(0.7)
        assert len(list(spool.arrived())) == 1
        (tmp_path / "late").mkdir()
        for _ in range(200):
            if not list(spool.arrived()):
                break
            stop.wait(0.1)
        assert names(spool.series) == ["1.2.3"]
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
