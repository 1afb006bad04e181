"""What is settled is removed, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.clinic.keeping.conftest import Room
from tests.clinic.keeping.made import (
    LEASE,
    config,
    leased,
    names,
    receive,
    spool_of,
)
from tests.io.make import write_ct

from ctiqa.clinic.keeping import keeper as keeping
from ctiqa.clinic.records.deliveries import Deliveries, NewDelivery


def test_old_series_are_removed_when_their_results_are_sent(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RETENTION_S", 0.0)
    for series in ("1.2.3", "1.2.4"):
        receive(room.spool, tmp_path / series, series, 1)
    room.work()
    room.wait()
    (room.spool.out / "1.9.dcm").write_bytes(b"result")
    (room.spool.out / "1.8.dcm").write_bytes(b"nobody wants it")
    (room.spool.out / "1.7.dcm").write_bytes(b"just written")
    for name in ("1.8.dcm", "1.9.dcm"):
        os.utime(room.spool.out / name, (0, 0))
    assert room.jobs.finish(leased(room.jobs), [NewDelivery("pacs", "sr", "1.9.dcm")])
    assert room.jobs.finish(leased(room.jobs))
    room.watch.move(days=8)
    room.work()
    # The other one waits for its result to be sent.
    assert names(room.spool.series) == ["1.2.3"]
    assert names(room.spool.out) == ["1.7.dcm", "1.9.dcm"]
    deliveries = Deliveries(room.store, room.watch)
    deliveries.sent(deliveries.due()[0])
    room.work()
    assert names(room.spool.series) == []
    assert names(room.spool.out) == ["1.7.dcm"]
    assert room.jobs.get("1.2.3") is None


def test_the_oldest_series_go_first_if_the_spool_is_too_large(room: Room, tmp_path: Path) -> None:
    one = write_ct(tmp_path / "size.dcm").stat().st_size
    limits = {
        "folder": str(room.spool.root),
        "keep_gigabytes": 2.5 * one / 1e9,
        "reserve_gigabytes": 0,
    }
    small = config(tmp_path, spool=limits)
    room.restart(small)
    for series in ("1.2.3", "1.2.4", "1.2.5"):
        receive(room.spool, tmp_path / series, series, 1)
        room.work()
        room.watch.move(seconds=1)
    assert names(room.spool.series) == ["1.2.3", "1.2.4", "1.2.5"]
    room.restart(small)
    room.work()
    assert len(names(room.spool.series)) == 3
    is_well, sentence = room.sign()
    assert not is_well
    assert "keep_gigabytes" in sentence
    while job := room.jobs.lease("scorer-1:1", LEASE, most_tries=3):
        assert room.jobs.finish(job)
    room.restart(small)
    room.work()
    assert names(room.spool.series) == ["1.2.4", "1.2.5"]


def test_a_full_disk_is_said(room: Room, tmp_path: Path) -> None:
    used = config(tmp_path, spool={"reserve_gigabytes": 1e9})
    spool_of(used)
    room.restart(used)
    room.work()
    is_well, sentence = room.sign()
    assert not is_well
    assert "disk of the spool is full" in sentence
