"""Several writers at once, and writers that are killed: everything is there, nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from tests.store import made

from ctiqa.errors import Reason
from ctiqa.store import Run, Store, open_store
from ctiqa.types import Skipped

SERIES = 20

WRITER = """
import sys
from tests.store import made
from ctiqa.store import Run, open_store
with open_store(sys.argv[1]) as store:
    run = Run("survey")
    for report in made.reports(5000):
        store.add(report, run)
        print("stored", flush=True)
"""
"""Stores one series after the other until it is killed."""


def at_once(workers: int, work: Callable[[int], int]) -> list[int]:
    """Start work in threads at the same moment."""
    barrier = Barrier(workers)

    def start(number: int) -> int:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(start, range(workers)))


def test_two_writers_of_the_same_series(address: str) -> None:
    def write(number: int) -> int:
        with open_store(address) as store:
            reports = made.reports(SERIES)
            return sum(store.add(each, Run()) for each in reports[:: 1 - 2 * number])

    assert sum(at_once(2, write)) == SERIES
    with open_store(address) as store:
        assert store.scans()["series_uid"].n_unique() == store.scans().height == SERIES
        assert store.slices().height == 3 * SERIES


def test_a_new_store_is_opened_by_several_at_once(address: str) -> None:
    def open_and_count(_: int) -> int:
        with open_store(address, uids="hashed") as store:
            return int(store.scans().height)

    assert at_once(4, open_and_count) == [0] * 4
    with open_store(address) as store:
        first = store.input_id("a.dcm")
    with open_store(address) as store:
        assert store.input_id("a.dcm") == first


def test_two_writers_of_the_same_skipped_files(address: str) -> None:
    """One stores them, the other one has scored them; neither waits for the other forever."""
    files = [f"scan/{index:03}.dcm" for index in range(30)]
    skipped = [made.skip(file, Reason.TRUNCATED) for file in files]

    def write(number: int) -> int:
        with open_store(address) as store:
            for turn in range(5):
                scan = made.scan_score(f"1.2.{turn}.{number}", [3.0] * 30)
                order: list[Skipped] = skipped[:: 1 - 2 * number]
                store.add(made.report(skipped=order), Run())
                store.add(made.report(scan), Run())
        return 1

    assert sum(at_once(2, write)) == 2


def test_threads_share_one_store(store: Store) -> None:
    def write(number: int) -> int:
        scans = [made.scan_score(f"1.{number}.{index}") for index in range(5)]
        return store.add(made.report(*scans), Run())

    assert at_once(3, write) == [5] * 3
    assert store.scans().height == 15


def killed_writer(address: str) -> int:
    """Let a process store series, and kill it; returns how many it has reported."""
    command = [sys.executable, "-c", WRITER, address]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline() == "stored\n"
        process.kill()
        return 5 + len(process.stdout.read().splitlines())


def test_a_killed_writer_loses_at_most_the_series_in_hand(address: str, tmp_path: Path) -> None:
    reported = killed_writer(address)
    with open_store(address) as store:
        count = store.scans().height
        assert reported <= count <= reported + 1
        assert store.slices().height == 3 * count
        assert store.runs()["ended"].to_list() == [None]
        reports = made.reports(count + 3)
        assert sum(store.add(report, Run()) for report in reports) == 3
        resumed = store.digest()
    with open_store(tmp_path / "never-interrupted.sqlite") as store:
        for report in reversed(reports):
            store.add(report, Run())
        assert store.digest() == resumed
