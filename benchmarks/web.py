"""How fast the dashboard answers: pages of a store with 100,000 scans, through a real server.

Run it on a machine that does nothing else::

    python -m benchmarks.web --scans 100000
"""

from __future__ import annotations

import argparse
import gc
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import polars
import uvicorn
from fastapi import FastAPI
from tests.trends.made import archive
from tests.trends_output.stored import store_of

from ctiqa.clinic.config import Config
from ctiqa.web.app import make_app
from ctiqa.web.reading.view import ScanView

LOOPBACK = "127.0.0.1"

PAGES = {
    "today": "/",
    "scans": "/scans",
    "scans, filtered and sorted": "/scans?protocol=Thorax&below=2.5&sort=score&order=up",
    "outliers": "/scans?unexplained=yes",
    "one scan": "",
    "protocol": "/protocol?protocol=Thorax&scanner=CT1",
    "trends": "/trends",
    "trends, filtered": "/trends?protocol=Thorax&scanner=CT1",
    "health": "/health",
}
"""Pages by name; the address of one scan is taken from the store."""

A_DAY = 400
"""Scans of a day in a large department."""

WAIT_S = 600.0
"""Longest time that the first trends may take."""


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """The port at which an application is served."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        sockets = {"sockets": [listening]}
        thread = threading.Thread(target=server.run, kwargs=sockets, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join()


def asked(connection: HTTPConnection, path: str) -> tuple[float, int]:
    """Time in ms and size in bytes of a page."""
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200:
        raise SystemExit(f"{path}: status {answer.status}")
    return 1e3 * (time.perf_counter() - began), size


def page_times(port: int, paths: dict[str, str], repeats: int) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each page, all pages in turn."""
    connection = HTTPConnection(LOOPBACK, port)
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in paths}
    for _ in range(repeats):
        for name, path in paths.items():
            found[name].append(asked(connection, path))
    connection.close()
    return {name: _summary(each) for name, each in found.items()}


def until_now(frame: polars.DataFrame) -> polars.DataFrame:
    """Scans as if they had been stored one by one until now, 400 a day."""
    now, n = datetime.now(UTC), frame.height
    stored = [now - timedelta(days=(n - place) / A_DAY) for place in range(n)]
    return frame.with_columns(polars.Series("stored", stored, polars.Datetime("us", "UTC")))


def measured(folder: Path, scans: int, repeats: int) -> dict[str, object]:
    """Times of a store with so many scans of two years."""
    with store_of(until_now(archive(scans, weeks=104)), folder / "ct.sqlite") as store:
        gc.collect()
        web = {"audit_file": str(folder / "audit.jsonl")}
        config = Config.model_validate({"spool": {"folder": str(folder / "spool")}, "web": web})
        app = make_app(config, store=store)
        with served(app) as port:
            first, _ = asked(HTTPConnection(LOOPBACK, port), "/")
            trends_s = _until_trends(app)
            view: ScanView = app.state.site.scans.of(_Everyone())
            scan = f"/scan/{view.frame.row(0, named=True)['scan']}"
            paths = {name: path or scan for name, path in PAGES.items()}
            pages = page_times(port, paths, repeats)
    return {"scans": scans, "start_ms": first, "trends_s": trends_s, "pages": pages}


class _Everyone:
    """Sees all scans."""

    where = ()


def _until_trends(app: FastAPI) -> float:
    """Time until the trends are computed, in seconds."""
    began = time.monotonic()
    while app.state.site.scans.trends_of(_Everyone()).computed is None:
        if time.monotonic() - began > WAIT_S:
            raise SystemExit(f"no trends after {WAIT_S:g} s")
        time.sleep(0.1)
    return time.monotonic() - began


def _summary(found: Sequence[tuple[float, int]]) -> dict[str, float]:
    times = [each[0] for each in found]
    p50, p95 = np.percentile(times, [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95), "kb": found[-1][1] / 1e3}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web", description=__doc__)
    parser.add_argument("--scans", type=int, default=100_000, help="scans in the store (100000)")
    parser.add_argument("--repeats", type=int, default=20, help="times that each page is asked for")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ctiqa-bench-") as made:
        found = measured(Path(made), options.scans, options.repeats)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
