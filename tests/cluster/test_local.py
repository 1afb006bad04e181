"""Surveys by dask on this computer: workers and drivers that are killed, crashes, stores, stops."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.cluster import fakes
from tests.cluster.fakes import leftovers, told, units
from tests.cluster.test_shard import expected, uids

from ctiqa.archive.survey import Archive, survey, units_of
from ctiqa.archive.totals import Totals
from ctiqa.cluster import Setup, survey_on_cluster
from ctiqa.cluster.engines.opening import CONFIG
from ctiqa.cluster.engines.slurm import NO_PAGES
from ctiqa.cluster.parts.parts import make_parts, open_parts
from ctiqa.errors import OutputError, UsageError
from ctiqa.score import Scorer
from ctiqa.store import open_store

distributed = pytest.importorskip("distributed", reason="dask is not installed")
pytest.importorskip("cryptography", reason="cryptography is not installed")

SETUP = Setup()

WORKERS = 2
"""Number of workers of the cluster."""


@pytest.fixture(scope="module")
def cluster(s3_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A scheduler with TLS and two workers, that was started by somebody else."""
    import dask

    folder = tmp_path_factory.mktemp("tls")
    made = distributed.Security.temporary()
    (folder / "ca").write_text(made.tls_ca_file)
    (folder / "key").write_text(made.tls_client_key)
    with (
        dask.config.set(CONFIG),
        distributed.LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs=NO_PAGES,
            security=made,
            silence_logs=logging.CRITICAL,
        ) as running,
    ):
        running.file = folder / "tls.toml"
        lines = {"address": running.scheduler_address, "ca": "ca", "cert": "ca", "key": "key"}
        text = [
            f"{name} = '{value if name == 'address' else folder / value}'"
            for name, value in lines.items()
        ]
        running.file.write_text("\n".join(text))
        yield running


@pytest.fixture
def engine(cluster: Any) -> str:
    """Its address, with all workers there."""
    end = time.monotonic() + 120
    while len(cluster.scheduler.workers) < WORKERS:
        assert time.monotonic() < end, "the workers do not start"
        # One that was given up is replaced only after its nanny has ended.
        cluster.scale(WORKERS)
        time.sleep(0.5)
    return f"tls:{cluster.file}"


@pytest.fixture
def tended(cluster: Any) -> Iterator[None]:
    """Somebody starts workers again that are gone for good.

    A nanny does so only for one that has started, and gives up on a computer so busy that a start
    takes longer than 15 s.
    """
    ended = threading.Event()

    def tend() -> None:
        while not ended.wait(1):
            cluster.scale(WORKERS)

    thread = threading.Thread(target=tend)
    thread.start()
    yield
    ended.set()
    thread.join()


def workers_of(cluster: Any) -> list[int]:
    """Those that have started; a nanny gives up on one that is killed before."""
    running = set(cluster.scheduler.workers)
    nannies = [each for each in cluster.workers.values() if each.status.name == "running"]
    return [each.pid for each in nannies if each.worker_address in running]


class Killer:
    """Kills a worker after every sixth of the work, while the others go on."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.killed: list[int] = []

    def step(self, done: int, total: int) -> None:
        victims = workers_of(self.cluster)
        if victims and 6 * done // total > len(self.killed):
            os.kill(victims[0], signal.SIGKILL)
            self.killed.append(victims[0])


EXAMPLE = Path(str(files("ctiqa") / "assets" / "example"))


def test_real_series_have_the_results_of_a_plain_survey(engine: str, tmp_path: Path) -> None:
    """Its pixels are compressed, so workers start decoders of their own."""
    with open_store(tmp_path / "plain.sqlite") as plain:
        archive = Archive([str(EXAMPLE)], Scorer(jobs=2))
        survey(archive.paths, plain, scorer=archive.scorer)
        with open_store(tmp_path / "cluster.sqlite") as store:
            found = units_of(archive, store, Totals())
            done = survey_on_cluster(found, SETUP, engine, tmp_path / "parts", store=store)
            assert done.stored == 1
            assert store.digest() == plain.digest()
            assert units_of(archive, store, Totals()) == []


@pytest.mark.usefixtures("tended")
def test_workers_that_are_killed_cost_no_row(
    engine: str, cluster: Any, address: str, tmp_path: Path
) -> None:
    killer = Killer(cluster)
    done = survey_on_cluster(
        units(400), SETUP, engine, address, work=fakes.slow_work, progress=killer.step
    )
    assert len(killer.killed) >= 3
    assert uids(address, tmp_path) == expected(400)
    assert (done.stored, done.stopped) == (400, False)
    assert "crashed" not in done.reasons
    again = survey_on_cluster(units(400), SETUP, engine, address, work=fakes.slow_work)
    assert (again.stored, again.unchanged) == (0, 800)


def test_without_workers_a_survey_waits_and_says_so(
    cluster: Any, engine: str, tmp_path: Path
) -> None:
    cluster.scale(0)
    while cluster.scheduler.workers:
        time.sleep(0.05)
    heard: list[str] = []

    def say(sentence: str) -> None:
        heard.append(sentence)
        cluster.scale(WORKERS)

    done = survey_on_cluster(
        units(20), SETUP, engine, str(tmp_path / "parts"), work=fakes.work, say=say
    )
    assert done.stored == 20
    assert ["No worker" in each for each in heard] == [True]


@pytest.mark.usefixtures("tended")
def test_a_series_that_kills_its_workers_is_recorded(engine: str, tmp_path: Path) -> None:
    parts = str(tmp_path / "parts")
    asked = units(40, "90-kill", "91-raise")
    done = survey_on_cluster(asked, SETUP, engine, parts, work=fakes.work)
    assert uids(parts, tmp_path) == expected(40)
    crashed = {name for name, reason in done.skipped.items() if reason == "crashed"}
    assert crashed == {
        f"/archive/series-{name}/{n}.dcm" for name in ("90-kill", "91-raise") for n in (0, 1)
    }
    again = survey_on_cluster(asked, SETUP, engine, parts, work=fakes.work)
    assert (again.stored, again.unchanged) == (0, 84)


def test_with_a_store_parts_go_into_it(engine: str, tmp_path: Path) -> None:
    parts, heard = tmp_path / "parts", told()
    with open_store(tmp_path / "ct.sqlite", uids="hashed") as store:
        done = survey_on_cluster(
            units(60),
            SETUP,
            engine,
            str(parts),
            store=store,
            work=fakes.work,
            progress=heard.step,
        )
        assert store.scans().height == done.stored == 60
        assert store.runs()["ended"].null_count() == 0
        assert heard.progress[-1] == (120, 120)
        assert [each.name for each in parts.iterdir()] == ["survey.json"]
        marker = open_parts(str(parts)).privacy.number
        assert marker("a") == store.privacy.number("a")


def test_parts_that_a_killed_survey_has_left_are_stored_first(engine: str, tmp_path: Path) -> None:
    parts, heard = str(tmp_path / "parts"), told()
    with open_store(tmp_path / "ct.sqlite") as store:
        opened = make_parts(parts, SETUP.how, SETUP.choice.digest, store.privacy)
        left = [fakes.bundle(fakes.unit_of("7"), store.privacy)]
        opened.write("a" * 32, left)
        opened.place.write(f"{'b' * 32}.json.gz", b"damaged")

        def listing() -> Iterator[Any]:
            assert store.scans().height == 1
            yield from ()

        done = survey_on_cluster(
            listing(), SETUP, engine, parts, store=store, say=heard.say, work=fakes.work
        )
        assert done.stored == 1
        assert ["damaged" in each for each in heard.said] == [True]
        assert leftovers(tmp_path / "parts") == [f"{'b' * 32}.json.gz.damaged"]


def test_parts_of_another_store_are_refused(engine: str, tmp_path: Path) -> None:
    parts = str(tmp_path / "parts")
    make_parts(parts, SETUP.how, SETUP.choice.digest, None)
    with (
        open_store(tmp_path / "ct.sqlite") as store,
        pytest.raises(UsageError, match="not made for this store"),
    ):
        survey_on_cluster(units(1), SETUP, engine, parts, store=store, work=fakes.work)


def test_a_full_disk_ends_the_survey_without_naming_files(engine: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left") as caught:
        survey_on_cluster(
            units(2, "3-full"), SETUP, engine, str(tmp_path / "parts"), work=fakes.work
        )
    assert "series" not in str(caught.value)


def test_a_stop_waits_for_nothing(engine: str, tmp_path: Path) -> None:
    stop, parts = threading.Event(), str(tmp_path / "parts")
    done = survey_on_cluster(
        units(1000),
        SETUP,
        engine,
        parts,
        work=fakes.slow_work,
        progress=lambda *_: stop.set(),
        stop=stop,
    )
    assert done.stopped
    assert done.stored < 500
    rest = survey_on_cluster(units(1000), SETUP, engine, parts, work=fakes.work)
    assert rest.unchanged + 2 * rest.stored == 2000
    assert uids(parts, tmp_path) == expected(1000)


def test_a_wrong_certificate_is_refused(cluster: Any, engine: str, tmp_path: Path) -> None:
    other = distributed.Security.temporary()
    (tmp_path / "ca").write_text(other.tls_ca_file)
    (tmp_path / "key").write_text(other.tls_client_key)
    file = tmp_path / "tls.toml"
    folder = cluster.file.parent
    file.write_text(cluster.file.read_text().replace(str(folder), str(tmp_path)))
    with pytest.raises(OutputError, match="does not answer"):
        survey_on_cluster(units(1), SETUP, f"tls:{file}", str(tmp_path / "parts"), work=fakes.work)


def listened_to() -> set[str]:
    """Addresses at which this process and its workers can be reached."""
    here = psutil.Process()
    return {
        connection.laddr.ip
        for process in (here, *here.children(recursive=True))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def test_a_driver_that_is_killed_leaves_no_worker_and_the_rest_to_the_next(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    command = [sys.executable, "-m", "tests.cluster.drive", "local:2", str(parts), "1000"]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while len(list(parts.glob("*.json.gz"))) < 40:
            assert driver.poll() is None
            time.sleep(0.05)
        children = psutil.Process(driver.pid).children(recursive=True)
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    there = len(list(parts.glob("*.json.gz")))
    listening: set[str] = set()
    rest = survey_on_cluster(
        units(1000),
        SETUP,
        "local:1",
        str(parts),
        work=fakes.work,
        progress=lambda *_: listening.update(listened_to()),
    )
    assert listening == {"127.0.0.1"}
    assert rest.unchanged + 2 * rest.stored == 2000
    assert rest.unchanged > 0
    assert len(list(parts.glob("*.json.gz"))) > there
    assert uids(str(parts), tmp_path) == expected(1000)
