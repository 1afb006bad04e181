"""Surveys on several processes: workers and drivers that are killed, and how much two are faster.

Run it on a machine that does nothing else::

    python -m benchmarks.cluster kills --units 12500 --every 3
    python -m benchmarks.cluster drivers --units 12500
    python -m benchmarks.cluster scaling --series 40 --slices 60

``--parts s3://BUCKET/PREFIX`` writes to an object store, ``--parts moto`` to a stand-in of one.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
from pydicom import FileDataset
from tests.cluster import fakes

from benchmarks.series import make_series, uncompressed
from ctiqa.archive.survey import Archive, units_of
from ctiqa.archive.totals import Totals
from ctiqa.cluster import Setup, survey_on_cluster
from ctiqa.cluster.parts.parts import Parts, open_parts
from ctiqa.errors import CtiqaError
from ctiqa.score import Scorer

Figures = dict[str, Any]


def kills(parts: str, units: int, every_s: float, workers: int = 2) -> Figures:
    """A survey of which a worker is killed every few seconds, whatever it is doing."""
    began = time.perf_counter()
    begun = Event()
    with _killing(every_s, begun) as killed:
        done = survey_on_cluster(
            fakes.units(units),
            Setup(),
            f"local:{workers}",
            parts,
            work=fakes.slow_work,
            progress=lambda *_: begun.set(),
        )
    wall = time.perf_counter() - began
    found = rows(open_parts(parts))
    return {**found, "killed": len(killed), "wall_s": wall, "reasons": done.reasons}


def drivers(parts: str, units: int, workers: int = 2) -> Figures:
    """A survey that is killed at one half of it; the second one does the rest."""
    engine = f"local:{workers}"
    command = [sys.executable, "-m", "tests.cluster.drive", engine, parts, str(units)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as driver:
        while _scans(parts) < units // 2 and driver.poll() is None:
            time.sleep(1)
        children = psutil.Process(driver.pid).children(recursive=True)
        os.kill(driver.pid, signal.SIGKILL)
    began = time.perf_counter()
    _, alive = psutil.wait_procs(children, timeout=60)
    gone_s = time.perf_counter() - began
    rest = survey_on_cluster(fakes.units(units), Setup(), engine, parts, work=fakes.slow_work)
    return {
        **rows(open_parts(parts)),
        "workers_alive": len(alive),
        "workers_gone_s": gone_s,
        "done_before": rest.unchanged // 2,
        "done_by_the_second": rest.stored,
    }


def scaling(folder: Path, series: int, slices: int, workers: Sequence[int] = (1, 2)) -> Figures:
    """The same series, scored with one worker and with several; with the start of the workers."""
    (folder / "archive").mkdir()
    for number in range(series):
        make_series(folder / "archive" / f"{number:03}", slices, partial(_distinct, number))
    units = units_of(Archive([str(folder / "archive")], Scorer()), None, Totals())
    walls = {}
    for number in workers:
        began = time.perf_counter()
        done = survey_on_cluster(units, Setup(), f"local:{number}", folder / f"parts{number}")
        walls[number] = time.perf_counter() - began
        if done.stored != series:
            raise RuntimeError(f"{done.stored} of {series} series were scored")
    first = walls[workers[0]]
    return {"wall_s": walls, "speedup": {number: first / wall for number, wall in walls.items()}}


def _distinct(number: int, image: FileDataset) -> None:
    """Change a pixel, so that no series is a copy of another."""
    uncompressed(image)
    pixels = bytearray(image.PixelData)
    pixels[2 * number] ^= 1
    image.PixelData = bytes(pixels)


def rows(parts: Parts) -> Figures:
    """How often each series has a row."""
    found: Counter[str] = Counter(
        scan.row["series_uid"]
        for key in parts.written()
        for bundle in parts.read(key)
        for scan in bundle.scans
    )
    others = [name for name in parts.place.files() if not name.endswith(".json.gz")]
    return {
        "parts": len(parts.written()),
        "rows": sum(found.values()),
        "distinct": len(found),
        "other_files": others,
    }


def _scans(parts: str) -> int:
    """Number of rows so far; 0 before the survey has begun."""
    try:
        return int(rows(open_parts(parts))["rows"])
    except CtiqaError:
        return 0


@contextmanager
def _killing(every_s: float, begun: Event) -> Iterator[list[int]]:
    """Kill one of the workers of this process again and again, once they have begun."""
    stop, killed = Event(), list[int]()

    def kill() -> None:
        while not begun.wait(every_s) and not stop.is_set():
            pass
        while not stop.wait(every_s):
            children = psutil.Process().children(recursive=True)
            if workers := [each for each in children if _is_worker(each)]:
                victim = random.choice(workers)
                victim.kill()
                killed.append(victim.pid)

    thread = Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def _is_worker(process: psutil.Process) -> bool:
    try:
        return any("spawn_main" in each for each in process.cmdline())
    except psutil.Error:
        return False


@contextmanager
def _place(asked: str | None, folder: Path) -> Iterator[str]:
    if asked != "moto":
        yield asked or str(folder / "parts")
        return
    server = importlib.import_module("moto.server").ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    importlib.import_module("boto3").client("s3").create_bucket(Bucket="ctiqa-bench")
    try:
        yield "s3://ctiqa-bench/parts"
    finally:
        server.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("what", choices=("kills", "drivers", "scaling"))
    parser.add_argument("--units", type=int, default=12_500, help="made series (12500)")
    parser.add_argument("--every", type=float, default=3.0, help="seconds between kills (3)")
    parser.add_argument("--parts", help="folder, URL or 'moto'")
    parser.add_argument("--series", type=int, default=40, help="series to score (40)")
    parser.add_argument("--slices", type=int, default=60, help="slices of each (60)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ctiqa-bench-") as made:
        folder = Path(made)
        if asked.what == "scaling":
            found = scaling(folder, asked.series, asked.slices)
        else:
            with _place(asked.parts, folder) as parts:
                if asked.what == "kills":
                    found = kills(parts, asked.units, asked.every)
                else:
                    found = drivers(parts, asked.units)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
