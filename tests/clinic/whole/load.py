"""Many readers and senders at once: ``python -m tests.clinic.whole.load --seconds 300``.

Prints errors and the 95th percentile of the time that a page takes, as JSON: first of the pages,
then, once everything is scored, of all.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread

import numpy as np
from tests.clinic.whole.clinic import Clinic, clinic, wait_for
from tests.clinic.whole.scanner import Scanner
from tests.store.postgres import running

PAGES = ("/", "/scans", "/health", "/trends", "/api/v1/scans", "/healthz")
"""What readers look at."""

DRAIN_S = 600
"""Longest time until everything is scored after the last series, in seconds."""


@dataclass
class Readers:
    """Browsers that look at one page after the other.

    Attributes:
        port: Port of the dashboard.
        pause_s: Time that a reader looks at a page, in seconds.
        times_s: How long each page took, in seconds.
        errors: What went wrong.
        stop: Ends them.
    """

    port: int
    pause_s: float
    times_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    def read(self, seed: int) -> None:
        """One reader."""
        random = Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.stop.wait(random.uniform(0, self.pause_s))
        while not self.stop.is_set():
            page = random.choice(PAGES)
            begin = time.monotonic()
            try:
                connection.request("GET", page)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.errors.append(f"{page}: {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(f"{page}: {error!r}")
                connection.close()
            self.times_s.append(time.monotonic() - begin)
            self.stop.wait(random.uniform(0.5, 1.5) * self.pause_s)
        connection.close()


def load(
    it: Clinic, *, seconds: float, n_readers: int, n_senders: int, pause_s: float, gap_s: float
) -> dict[str, object]:
    """Read and send for some time, and wait until everything is scored.

    Returns:
        Numbers of pages, errors and series, and times in seconds.
    """
    readers = Readers(it.web, pause_s)
    threads = [Thread(target=readers.read, args=(seed,)) for seed in range(n_readers)]
    scanners = [Scanner(it.port, f"CT{i}", n_slices=5, pause_s=gap_s) for i in range(n_senders)]
    for scanner in scanners:
        scanner.start()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    readers.stop.set()
    for thread in threads:
        thread.join()
    for scanner in scanners:
        scanner.end()
    pages = summary(readers)
    # Scoring may take much longer than reading, and fail: these numbers are there then, too.
    print(json.dumps(pages), flush=True)
    sent = {series: uids for each in scanners for series, uids in each.acknowledged.items()}
    drained = wait_for(
        lambda: all(len(uids) in it.slices().get(series, []) for series, uids in sent.items()),
        "the last score",
        DRAIN_S,
    )
    return {
        **pages,
        "series": len(sent),
        "instances": sum(map(len, sent.values())),
        "drained_s": round(drained, 1),
    }


def summary(readers: Readers) -> dict[str, object]:
    """Number of pages, errors, times in seconds, and the load of the machine."""
    times = np.array(readers.times_s)
    return {
        "pages": len(times),
        "errors": readers.errors[:10],
        "n_errors": len(readers.errors),
        "median_s": round(float(np.median(times)), 3),
        "p95_s": round(float(np.percentile(times, 95)), 3),
        "worst_s": round(float(times.max()), 3),
        "machine_load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--pause", type=float, default=2, help="seconds that a page is looked at")
    parser.add_argument("--gap", type=float, default=12, help="seconds between series of a sender")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    wanted = parser.parse_args()
    database = running() if wanted.database == "postgresql" else nullcontext()
    with tempfile.TemporaryDirectory() as folder, database as server:
        address = f"{folder}/ct.sqlite" if server is None else server.create("load")
        with clinic(Path(folder), address, workers=1, quiet_s=5) as it:
            counted = load(
                it,
                seconds=wanted.seconds,
                n_readers=wanted.readers,
                n_senders=wanted.senders,
                pause_s=wanted.pause,
                gap_s=wanted.gap,
            )
    print(json.dumps(counted))


if __name__ == "__main__":
    main()
