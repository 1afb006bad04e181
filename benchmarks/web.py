"""How fast the dashboard answers: ``ctiqa serve`` with 100,000 scans, alone and with 50 readers.

Times depend on what else the machine does, processor times hardly do: compare the latter. ::

    python -m benchmarks.web --scans 100000 --seconds 30
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from os import getloadavg
from pathlib import Path
from random import Random
from threading import Event, Thread

import numpy as np
import polars
import psutil
from sqlalchemy import insert, select
from tests.trends.made import archive
from tests.trends_output.stored import store_of

from ctiqa.store import Store, open_store
from ctiqa.store.database.tables import scans
from ctiqa.web.reading.table import read_table

LOOPBACK = "127.0.0.1"

PAGES = {
    "today": "/",
    "scans": "/scans",
    "scans, filtered and sorted": "/scans?protocol=Thorax&below=2.5&sort=score&order=up",
    "outliers": "/scans?unexplained=yes",
    "protocol": "/protocol?protocol=Thorax&scanner=CT1",
    "trends": "/trends",
    "trends, filtered": "/trends?protocol=Thorax&scanner=CT1",
    "health": "/health",
    "scans as JSON": "/api/v1/scans",
}
"""Pages by name; one scan of the store is added."""

A_DAY = 400
"""Scans of a day in a large department."""

EVERY_S = 2.0
"""Under load, a scan is stored every so many seconds."""

PAUSE_S = 2.0
"""A reader looks at a page for so long."""

WAIT_S = 600.0
"""Longest time that the first trends may take."""


def until_now(frame: polars.DataFrame) -> polars.DataFrame:
    """Scans as if they had been stored one by one until now, 400 a day."""
    now, n = datetime.now(UTC), frame.height
    stored = [now - timedelta(days=(n - place) / A_DAY) for place in range(n)]
    return frame.with_columns(polars.Series("stored", stored, polars.Datetime("us", "UTC")))


@contextmanager
def served(folder: Path, store: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Port and process of ``ctiqa serve``."""
    config = folder / "ctiqa.toml"
    config.write_text(
        f'[store]\naddress = "{store}"\n[spool]\nfolder = "{folder}/spool"\n'
        f'[web]\nport = 0\naudit_file = "{folder}/audit.jsonl"\n'
    )
    command = [sys.executable, "-m", "ctiqa", "serve", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = "" if process.stdout is None else process.stdout.readline()
            yield int(line.strip().rpartition(":")[2]), psutil.Process(process.pid)
        finally:
            process.terminate()


def asked(
    connection: HTTPConnection, path: str, statuses: Sequence[int] = (200,)
) -> tuple[float, int]:
    """Time in ms and size in bytes of a page."""
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status not in statuses:
        raise SystemExit(f"{path}: status {answer.status}")
    return 1e3 * (time.perf_counter() - began), size


def page_times(
    port: int, server: psutil.Process, paths: dict[str, str], repeats: int
) -> dict[str, dict[str, float]]:
    """Time, processor time and size of each page, by a single reader."""
    connection = HTTPConnection(LOOPBACK, port)
    found = {}
    for name, path in paths.items():
        asked(connection, path)
        each, used = [], 0.0
        for _ in range(repeats):
            before = sum(server.cpu_times()[:2])
            each.append(asked(connection, path))
            used += sum(server.cpu_times()[:2]) - before
        found[name] = {**_summary([ms for ms, _ in each]), "kb": each[-1][1] / 1e3}
        found[name]["cpu_ms"] = 1e3 * used / repeats
    connection.close()
    return found


def load(
    port: int,
    server: psutil.Process,
    store: Store,
    paths: Sequence[str],
    wanted: argparse.Namespace,
) -> dict[str, float]:
    """Many readers at once, while scans come."""
    times: list[float] = []
    stop = Event()

    def read(seed: int) -> None:
        random, connection = Random(seed), HTTPConnection(LOOPBACK, port, timeout=60)
        while not stop.wait(random.uniform(0.5, 1.5) * PAUSE_S):
            times.append(asked(connection, random.choice(paths))[0])
        connection.close()

    threads = [Thread(target=read, args=(seed,)) for seed in range(wanted.readers)]
    for thread in threads:
        thread.start()
    before, began = sum(server.cpu_times()[:2]), time.monotonic()
    while time.monotonic() < began + wanted.seconds:
        time.sleep(EVERY_S)
        one_more(store)
    stop.set()
    for thread in threads:
        thread.join()
    used = sum(server.cpu_times()[:2]) - before
    shown = {"readers": wanted.readers, "pages": len(times), **_summary(times)}
    return shown | {"cpu_ms": 1e3 * used / len(times), "machine_load": getloadavg()[0]}


def one_more(store: Store) -> None:
    """Store one more scan, like the last one."""
    with store.writing() as connection:
        last = connection.execute(select(scans).order_by(scans.c.id.desc()).limit(1)).mappings()
        row = {**last.one(), "stored": datetime.now(UTC)}
        row |= {"id": row["id"] + 1, "series_uid": f"1.2.3.{row['id']}"}
        connection.execute(insert(scans).values(row))


def measured(store: Store, options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """All times of the dashboard of a store."""
    began = time.monotonic()
    with served(folder, options.store) as (port, server):
        started = time.monotonic()
        # While the scans are read, pages say so.
        answer_ms, _ = asked(HTTPConnection(LOOPBACK, port), "/", (200, 503))
        read_s = _until(port, "/readyz", '"ok":true') + answer_ms / 1e3
        first_ms, _ = asked(HTTPConnection(LOOPBACK, port), "/")
        trends_s = _until(port, "/api/v1/trends", '"computed":"')
        scan = f"/scan/{read_table(store).frame['scan'][0]}"
        paths = {**PAGES, "one scan": scan}
        return {
            "start_s": started - began,
            "answer_ms": answer_ms,
            "first_ms": first_ms,
            "read_s": read_s,
            "trends_s": trends_s,
            "pages": page_times(port, server, paths, options.repeats),
            "load": load(port, server, store, list(paths.values()), options),
            "rss_mb": server.memory_info().rss / 1e6,
        }


def _until(port: int, path: str, text: str) -> float:
    """Time until a path answers with a text, in seconds."""
    began = time.monotonic()
    while True:
        connection = HTTPConnection(LOOPBACK, port)
        connection.request("GET", path)
        if text in connection.getresponse().read().decode().replace(" ", ""):
            return time.monotonic() - began
        if time.monotonic() - began > WAIT_S:
            raise SystemExit(f"{path} does not answer {text} after {WAIT_S:g} s")
        time.sleep(0.1)


def _summary(times: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(times, [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95), "worst_ms": max(times)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web", description=__doc__)
    parser.add_argument("--scans", type=int, default=100_000, help="scans in the store (100000)")
    parser.add_argument("--store", type=Path, help="a store with such scans, which gets more")
    parser.add_argument("--repeats", type=int, default=20, help="times that each page is asked for")
    parser.add_argument("--seconds", type=float, default=30, help="length of the load")
    parser.add_argument("--readers", type=int, default=50, help="readers at once")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ctiqa-bench-") as made:
        if options.store is None:
            options.store = Path(made, "ct.sqlite")
            store_of(until_now(archive(options.scans, weeks=104)), options.store).close()
        with open_store(options.store) as store:
            found = measured(store, options, Path(made))
    rounded = json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 1))
    sys.stdout.write(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()
