"""Shards share the work, in any order, and may be killed and repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from tests.cluster import fakes
from tests.cluster.fakes import leftovers, told, units

from ctiqa.cluster import Setup, Shard, merge_parts, merge_parts_to_parquet, survey_shard
from ctiqa.cluster.parts.parts import open_parts
from ctiqa.errors import OutputError, ProcessError, UsageError
from ctiqa.store import open_store


def uids(parts: str, folder: Path) -> list[str]:
    """Series in the parts, as often as they are there; and in a store made of them."""
    opened = open_parts(parts)
    rows = [
        str(scan.row["series_uid"])
        for key in opened.written()
        for bundle in opened.read(key)
        for scan in bundle.scans
    ]
    merge_parts(parts, folder / "ct.sqlite")
    with open_store(folder / "ct.sqlite") as store:
        assert sorted(store.scans()["series_uid"]) == sorted(set(rows))
    return sorted(rows)


def expected(count: int) -> list[str]:
    return sorted(f"1.2.3.{number}" for number in range(count))


def test_every_batch_falls_to_one_shard(address: str, tmp_path: Path) -> None:
    found = [
        survey_shard(units(150), Setup(), Shard(n, 2), address, work=fakes.work) for n in (2, 1)
    ]
    assert uids(address, tmp_path) == expected(150)
    assert sum(each.stored for each in found) == 150
    assert min(each.stored for each in found) > 0
    again = survey_shard(units(150), Setup(), Shard(1, 2), address, work=fakes.work)
    assert again.stored == 0
    assert again.unchanged == 2 * found[1].stored


def test_merging_names_the_shards_whose_results_are_missing(address: str, tmp_path: Path) -> None:
    def do(shard: Shard, *, stopped: bool = False) -> tuple[str, ...]:
        stop = threading.Event()
        if stopped:
            stop.set()
        survey_shard(units(30), Setup(), shard, address, work=fakes.work, stop=stop)
        merged = merge_parts(address, tmp_path / "ct.sqlite")
        assert merge_parts_to_parquet(address, tmp_path / "tables").to_do == merged.to_do
        return merged.to_do

    assert do(Shard(2, 3)) == ("1/3", "3/3")
    assert do(Shard(1, 3), stopped=True) == ("1/3", "3/3")
    assert do(Shard(1, 3)) == ("3/3",)
    assert do(Shard(2, 3), stopped=True) == ("2/3", "3/3")
    assert do(Shard(1, 1)) == ()


def test_one_shard_is_everything_and_tells_its_progress(tmp_path: Path) -> None:
    heard = told()
    parts = str(tmp_path / "parts")
    done = survey_shard(
        units(30), Setup(), Shard(1, 1), parts, work=fakes.work, progress=heard.step
    )
    assert done.stored == 30
    assert not done.stopped
    assert heard.progress[-1] == (60, 60)
    assert [total for _, total in heard.progress] == [60] * len(heard.progress)
    assert leftovers(Path(parts)) == ["shard-1-of-1.ended"]


def test_a_series_that_kills_its_process_is_recorded(tmp_path: Path) -> None:
    parts = str(tmp_path / "parts")
    asked = units(12, "90-kill", "91-raise")
    done = survey_shard(asked, Setup(), Shard(1, 1), parts, work=fakes.work)
    assert uids(parts, tmp_path) == expected(12)
    assert done.reasons["crashed"] == 4
    crashed = {name for name, reason in done.skipped.items() if reason == "crashed"}
    assert crashed == {
        f"/archive/series-{name}/{n}.dcm" for name in ("90-kill", "91-raise") for n in (0, 1)
    }
    with open_store(tmp_path / "ct.sqlite") as store:
        assert store.skipped()["reason"].to_list().count("crashed") == 4
    again = survey_shard(asked, Setup(), Shard(1, 1), parts, work=fakes.work)
    assert (again.stored, again.unchanged) == (0, 28)


def test_what_fails_on_every_series_is_not_recorded_as_their_fault(tmp_path: Path) -> None:
    deadly = units(0, *(f"{n}-raise" for n in range(30)))
    parts = str(tmp_path / "parts")
    with pytest.raises(ProcessError, match=r"unexpected ZeroDivisionError.*more memory"):
        survey_shard(deadly, Setup(), Shard(1, 1), parts, work=fakes.work)
    assert open_parts(parts).written() == []


def test_a_full_disk_ends_the_survey_without_naming_files(tmp_path: Path) -> None:
    parts = str(tmp_path / "parts")
    with pytest.raises(OutputError, match="No space left") as caught:
        survey_shard(units(2, "3-full"), Setup(), Shard(1, 1), parts, work=fakes.work)
    assert "series" not in str(caught.value)


def test_a_stop_leaves_the_batch_in_hand_to_the_next_run(tmp_path: Path) -> None:
    stop = threading.Event()
    parts = str(tmp_path / "parts")
    done = survey_shard(
        units(60),
        Setup(),
        Shard(1, 1),
        parts,
        work=fakes.slow_work,
        progress=lambda *_: stop.set(),
        stop=stop,
    )
    assert done.stopped
    assert 0 < done.stored < 60
    rest = survey_shard(units(60), Setup(), Shard(1, 1), parts, work=fakes.work)
    assert rest.stored == 60 - done.stored
    assert uids(parts, tmp_path) == expected(60)


def test_a_survey_that_is_killed_goes_on_and_leaves_no_process(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    command = [sys.executable, "-m", "tests.cluster.drive", "shard", str(parts), "400"]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while len(list(parts.glob("*.json.gz"))) < 10:
            assert driver.poll() is None
            time.sleep(0.02)
        children = psutil.Process(driver.pid).children(recursive=True)
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert gone
    assert alive == []
    before = set(parts.glob("*.json.gz"))
    rest = survey_shard(units(400), Setup(), Shard(1, 1), str(parts), work=fakes.work)
    assert 0 < rest.unchanged < 800
    assert rest.unchanged + 2 * rest.stored == 800
    assert before < set(parts.glob("*.json.gz"))
    assert uids(str(parts), tmp_path) == expected(400)


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "a/b", "1/0", "-1/3", "1/3/5", "١/٣"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(UsageError, match="must be I/N"):
        Shard.parse(text)
