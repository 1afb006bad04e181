"""Whatever happens to a scorer, every series is scored once, and a bad one stops no other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.clinic.keeping.made import config, names, receive, spool_of
from tests.clinic.scoring.conftest import Office, wait_for
from tests.store.postgres import NoServerError, Server, running

from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.scoring import lease, results
from ctiqa.errors import OutputError
from ctiqa.io import atomic
from ctiqa.score.scorer import Scorer
from ctiqa.store import Run, open_store
from ctiqa.store.bundle import Bundle
from ctiqa.store.database.faults import RowError
from ctiqa.store.store import Store

LEASE = timedelta(seconds=10)


class Gate:
    """Holds up scoring until it is opened.

    Attributes:
        scored: UIDs of the series that came to the gate.
        given_up: UIDs of those whose scoring was given up there.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scored: list[str] = []
        self.given_up: list[str] = []
        self._open = Event()
        score = Scorer.score_found

        def held_up(scorer: Scorer, found: Any, *words: Any, **more: Any) -> Any:
            series = [scan.series_uid for scan in found.scans]
            self.scored += series
            # The scorer looks for a stop between two slices.
            while not self._open.wait(0.02) and not more["stop"].is_set():
                pass
            if more["stop"].is_set():
                self.given_up += series
            return score(scorer, found, *words, **more)

        monkeypatch.setattr(Scorer, "score_found", held_up)

    def open(self) -> None:
        """Let everything through."""
        self._open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def test_a_series_on_which_scoring_fails_is_set_aside_and_others_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receive("1.2.3", 1)
    office.receive("1.2.4", 1)
    score = Scorer.score_found
    tried: list[str] = []

    def fails(scorer: Scorer, found: Any, *words: Any, **more: Any) -> Any:
        tried.append(found.scans[0].series_uid)
        if tried[-1] == "1.2.3":
            raise ValueError("quotes Zyxwvut of the header")
        return score(scorer, found, *words, **more)

    monkeypatch.setattr(Scorer, "score_found", fails)
    office.run(lambda: office.jobs.counts()["done"] == 1 and tried.count("1.2.3") == 3)
    office.keep()
    [job] = office.jobs.listed("aside")
    assert (job.series, job.reason, job.tries) == ("1.2.3", "failed", 3)
    assert "ValueError in test_faults.py" in str(job.detail)
    assert "Zyxwvut" not in str(job.detail)
    assert tried.count("1.2.4") == 1
    assert names(office.spool.series / "1.2.3") == ["1.2.3.1.dcm"]


def test_a_result_that_the_database_refuses_is_set_aside_and_others_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.receive("1.2.3", 1)
    office.receive("1.2.4", 1)
    put = Store.put
    refused: list[str] = []

    def refuses(store: Store, bundle: Bundle, run: Run) -> Any:
        if "1.2.3" in {each.row["series_uid"] for each in bundle.scans}:
            refused.append("1.2.3")
            raise RowError("the store refuses a value of this result")
        return put(store, bundle, run)

    monkeypatch.setattr(Store, "put", refuses)
    office.run(lambda: office.jobs.counts()["done"] == 1 and len(refused) == 3)
    office.keep()
    [job] = office.jobs.listed("aside")
    assert (job.series, job.reason, job.tries) == ("1.2.3", "failed", 3)
    assert "RowError" in str(job.detail)
    assert names(office.spool.series / "1.2.3") == ["1.2.3.1.dcm"]


def test_what_arrives_during_scoring_is_scored_with_the_rest(office: Office, gate: Gate) -> None:
    office.receive("1.2.3", 1)
    with office.scorer():
        wait_for(lambda: gate.scored == ["1.2.3"])
        office.receive("1.2.3", 1, first=1)
        gate.open()
        wait_for(lambda: office.left() == 0)
    assert gate.scored == ["1.2.3"] * 2
    job = office.jobs.get("1.2.3")
    assert job is not None
    assert (job.generation, job.n_instances) == (2, 2)
    # What was sent is the result of all images.
    assert {each.series for each in Deliveries(office.store).due()} == {"1.2.3"}
    assert len(Deliveries(office.store).due()) == 3


def test_a_lease_that_is_lost_gives_up_the_work(
    office: Office, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWALS", 50)
    office.receive("1.2.3", 1)
    with office.scorer():
        wait_for(lambda: gate.scored == ["1.2.3"])
        # Another worker has it, as if this one had slept.
        assert office.jobs.release("scorer-1:") == 1
        other = office.jobs.lease("scorer-2:1", LEASE, most_tries=3)
        assert other is not None
        wait_for(lambda: gate.given_up == ["1.2.3"])
        assert office.jobs.finish(other)
    assert office.store.scans().height == 0


def lease_of(office: Office) -> Any:
    """Length of a lease."""
    from datetime import timedelta

    return timedelta(seconds=office.used.score.lease_seconds)


def test_scoring_that_hangs_ends_its_process(
    office: Office, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Event()
    monkeypatch.setattr(lease, "end_process", ended.set)
    monkeypatch.setattr(lease, "STUCK_S", 0.1)
    office.receive("1.2.3", 1)
    with office.scorer():
        wait_for(ended.is_set)
        gate.open()
        wait_for(lambda: office.left() == 0)


def test_a_stop_gives_the_series_back_and_counts_as_no_try(office: Office, gate: Gate) -> None:
    office.receive("1.2.3", 1)
    with office.scorer():
        wait_for(lambda: gate.scored == ["1.2.3"])
    job = office.jobs.get("1.2.3")
    assert job is not None
    assert (job.state, job.tries, job.owner) == ("waiting", 0, None)
    assert office.store.scans().height == 0
    gate.open()
    office.run_all()
    assert office.store.scans().height == 1


def test_what_a_dead_worker_had_is_free_when_it_starts_again(office: Office) -> None:
    office.receive("1.2.3", 1)
    assert office.jobs.lease("scorer-1:12345", LEASE, most_tries=3) is not None
    office.run_all()
    assert office.store.scans().height == 1


def test_a_full_disk_keeps_the_result_until_there_is_room(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:

    office.receive("1.2.3", 1)
    write, refused = atomic.write_bytes, list[Path]()

    def full(path: Path, data: bytes) -> None:
        if len(refused) < 2:
            refused.append(path)
            raise OutputError("No space left on device")
        write(path, data)

    monkeypatch.setattr(results, "write_bytes", full)
    office.run_all()
    assert len(refused) == 2
    assert len(names(office.spool.out)) == 2
    job = office.jobs.get("1.2.3")
    assert job is not None
    assert (job.state, job.tries) == ("done", 1)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own, which a test may restart."""
    try:
        with running() as server:
            yield server
    except NoServerError as error:
        pytest.skip(str(error))


def control(server: Server, *words: str) -> None:
    """Run ``pg_ctl`` as the owner of the server."""
    [program, *_] = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[::-1]
    owner = server.folder.stat()
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    subprocess.run(
        [str(program), "-D", str(server.folder / "data"), "-w", "-s", *words],
        cwd=server.folder,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
        **identity,
    )


def test_a_database_that_is_restarted_in_the_middle_costs_nothing(
    server: Server, model: Path, tmp_path: Path, gate: Gate
) -> None:
    address = server.create("clinic")
    score = {"model": str(model), "quiet_seconds": 0, "lease_seconds": 10}
    used = config(tmp_path, address, score=score)
    spool = spool_of(used)
    with open_store(address) as store:
        office = Office(tmp_path, used, spool, store, Jobs(store))
        office.receive("1.2.3", 2)
        with office.scorer():
            wait_for(lambda: gate.scored == ["1.2.3"])
            options = (server.folder / "data" / "postmaster.opts").read_text(encoding="utf-8")
            control(server, "-m", "immediate", "stop")
            gate.open()
            receive(spool, tmp_path / "b", "1.2.4", 1)
            with pytest.raises(OutputError):
                office.keep()
            control(server, "-l", str(server.folder / "log"), "-o", given(options), "start")
            wait_for(lambda: done(store, 1))
            office.keep()
            wait_for(lambda: done(store, 2))
        assert sorted(store.scans()["series_uid"]) == ["1.2.3", "1.2.4"]


def given(options: str) -> str:
    """The options of a server from the file that it has left."""
    return options[options.index(" ") :].strip().replace('"', "")


def done(store: Store, count: int) -> bool:
    """Whether so many series are done; not while the database is away."""
    try:
        return Jobs(store).counts()["done"] == count
    except OutputError:
        return False
