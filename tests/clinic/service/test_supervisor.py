"""The supervisor: parts that end are started again, and a series that ends them is set aside."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.clinic.keeping.made import config, names, receive, spool_of
from tests.clinic.scoring.conftest import wait_for
from tests.clinic.service.stand_ins import POISON
from tests.score.tiny_model import write_model

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.service import process
from ctiqa.clinic.service.errors import StartError
from ctiqa.clinic.service.parts import Part, parts_of
from ctiqa.clinic.service.supervisor import serve_clinic
from ctiqa.errors import DataError
from ctiqa.store import open_store

HERE = "tests.clinic.service.stand_ins"

KEEPER = Part("keeper", "ctiqa.clinic.keeping.keeper", "run_keeper")


@contextmanager
def served(used: Config, *parts: Part) -> Iterator[None]:
    """A supervisor in a thread."""
    stop = Event()
    thread = Thread(target=serve_clinic, args=(used, stop), kwargs={"parts": parts})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_a_series_that_ends_its_workers_is_set_aside_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "pause_after", lambda _n: 0.0)
    score = {"model": str(write_model(tmp_path)), "quiet_seconds": 0, "lease_seconds": 10}
    used = config(tmp_path, score=score)
    spool = spool_of(used)
    receive(spool, tmp_path / "a", POISON, 1)
    receive(spool, tmp_path / "b", "1.2.77", 1, first=5)
    scorer = Part("scorer-1", HERE, "run_poisoned_scorer", 1)
    with open_store(used.store.address) as store, served(used, KEEPER, scorer):
        jobs = Jobs(store)
        wait_for(lambda: jobs.counts()["aside"] == jobs.counts()["done"] == 1, 120)
        [job] = jobs.listed("aside")
        assert (job.series, job.reason, job.tries) == (POISON, "crashed", 3)
        assert list(store.scans()["series_uid"]) == ["1.2.77"]
        assert names(spool.series / POISON) == [f"{POISON}.1.dcm"]
        wait_for(lambda: supervisor_facts(Health(store)).get("restarts") == 3)


def supervisor_facts(health: Health) -> dict[str, float]:
    """The numbers that the supervisor has told."""
    return next((dict(each.facts) for each in health.signs() if each.part == "supervisor"), {})


def test_a_part_that_fails_at_once_is_named_and_tried_later(tmp_path: Path) -> None:
    used = config(tmp_path)
    with open_store(used.store.address) as store:
        health = Health(store)
        with served(used, Part("failing", HERE, "run_failing")):
            wait_for(lambda: any(not each.is_well for each in health.signs()))
            [sign] = health.signs()
        assert sign.part == "supervisor"
        assert "failing has ended" in sign.sentence
        assert "(status 1)" in sign.sentence


def test_pauses_grow_and_are_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    used = config(tmp_path)
    failing = process.PartProcess(Part("failing", HERE, "run_failing"), used)
    pauses = []
    clock = time.monotonic
    for shift in (0.0, 100.0, 200.0, 500.0):
        monkeypatch.setattr(time, "monotonic", lambda shift=shift: clock() + shift)
        assert failing.start_if_due()
        assert failing.join(60)
        if shift == 500.0:
            monkeypatch.setattr(time, "monotonic", lambda: clock() + 1000.0)
        assert failing.notice_end()
        pauses.append(round(failing.wait_s))
        assert not failing.notice_end()
    assert pauses == [0, 1, 2, 0]


def test_nothing_starts_if_something_is_wrong(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(StartError, match=r"listen\.peers: nobody may send"):
        serve_clinic(config(tmp_path, listen={"any_peer": False}), stop)
    with pytest.raises(StartError, match=r"(?s)1 problem.*score\.model"):
        serve_clinic(config(tmp_path, score={"model": "no-such-model"}), stop)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}"):
            serve_clinic(config(tmp_path, listen={"port": port}), stop)
    (tmp_path / "other.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(DataError, match="not an SQLite file"):
        serve_clinic(config(tmp_path, str(tmp_path / "other.sqlite")), stop)
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="writable folder"):
        serve_clinic(config(tmp_path, spool={"folder": str(tmp_path / "file")}), stop)


def test_a_database_that_is_away_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop = Event()
    stop.set()
    with caplog.at_level(logging.WARNING, "ctiqa.clinic"):
        serve_clinic(config(tmp_path, "postgresql://me:secret@127.0.0.1:1/ct"), stop, parts=[])
    assert "waits for its database" in caplog.text
    assert "secret" not in caplog.text


def test_each_part_that_is_wanted_is_there(tmp_path: Path) -> None:
    target = {"kind": "stow", "name": "pacs", "url": "http://127.0.0.1:1/dicom-web"}
    fetch = {"kind": "orthanc", "name": "pacs", "url": "http://127.0.0.1:1"}
    alert = {"kind": "webhook", "name": "chat", "url": "http://127.0.0.1:1"}
    used = config(tmp_path, score={"workers": 2}, send=[target], fetch=[fetch], alert=[alert])
    assert [each.name for each in parts_of(used)] == [
        "receiver",
        "keeper",
        "scorer-1",
        "scorer-2",
        "sender",
        "fetcher",
        "alerter",
    ]


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        stop, listening = Event(), Event()
        used = config(tmp_path)
        receiver = Part("receiver", "ctiqa.clinic.receiving", "run_receiver")
        thread = Thread(
            target=serve_clinic,
            args=(used, stop),
            kwargs={"parts": [receiver], "listening": lambda _config: listening.set()},
        )
        thread.start()
        said = {manager.recv(100)}
        while b"READY=1" not in said:
            said.add(manager.recv(100))
        assert listening.is_set()
        stop.set()
        while b"STOPPING=1" not in said:
            said.add(manager.recv(100))
        thread.join(60)
    assert said == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}
