"""Kill parts of a clinic under load, and count what is lost.

``python -m tests.clinic.whole.kills --kills 50`` prints the table of ``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from tests.clinic.whole.clinic import Clinic, clinic, kill, wait_for
from tests.clinic.whole.scanner import Scanner
from tests.store.postgres import Server, running

DRAIN_S = 180
"""Longest time without a new result until everything is scored and sent, in seconds."""

PAUSE_S = 1.0
"""Pause of a scanner between two series, in seconds: more would only make the queue longer."""

LOOK_S = 1.0
"""Time between two looks whether everything is scored, in seconds."""


@dataclass
class Outcome:
    """What was counted.

    Attributes:
        kills: Number of kills by what was killed.
        series: Number of series sent.
        acknowledged: Number of acknowledged instances.
        lost: Acknowledged instances that are in no result.
        twice: Series with more than one result of all of their slices.
        unreported: Series without a report in the archive on all of their slices.
        back_s: Times until the listener accepted connections again, in seconds, and what was
            killed.
    """

    kills: Counter[str] = field(default_factory=Counter)
    series: int = 0
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    unreported: int = 0
    back_s: list[tuple[float, str]] = field(default_factory=list)


def kill_and_count(
    folder: Path, server: Server | None, *, kills: int, seed: int, senders: int = 2
) -> Outcome:
    """Kill processes of a clinic at random moments while series come in.

    Args:
        folder: An empty folder.
        server: A database server, which is killed too; ``None`` for SQLite.
        kills: Number of kills.
        seed: Which moments and processes.
        senders: Number of scanners.
    """
    random_ = random.Random(seed)
    address = str(folder / "ct.sqlite") if server is None else server.create(f"kills{seed}")
    outcome = Outcome()
    with clinic(folder, address, workers=2, quiet_s=3) as it:
        scanners = [Scanner(it.port, f"CT{i}", pause_s=PAUSE_S) for i in range(senders)]
        for each in scanners:
            each.start()
        for _ in range(kills):
            time.sleep(random_.uniform(0.1, 3))
            what = _kill_something(it, server, random_)
            outcome.kills[what] += 1
            back_s = wait_for(it.is_listening, "the listener after a kill")
            outcome.back_s.append((round(back_s, 2), what))
        for each in scanners:
            each.end()
        sent = {series: uids for each in scanners for series, uids in each.acknowledged.items()}
        _drain(it, sent)
        _count(it, sent, outcome)
    return outcome


def _kill_something(it: Clinic, server: Server | None, random_: random.Random) -> str:
    """Kill one process, and start what nothing else would start."""
    what = random_.choice(["part", "part", "listen", "serve"] + ["database"] * bool(server))
    if what == "database":
        assert server is not None
        server.crash()
        server.start()
    elif what == "part":
        _, *parts = it.processes("listen")
        if parts:
            kill(random_.choice(parts).pid)
    else:
        parts = it.processes(what)[1:]
        kill(it.running[what].pid)
        it.running.pop(what).wait(30)
        # A part that is still ending must not be taken for the next one.
        psutil.wait_procs(parts, timeout=30)
        it.start(what)
    return what


def _drain(it: Clinic, sent: dict[str, set[str]]) -> None:
    """Wait until everything is scored and reported, as long as it goes on."""
    most, end = -1, time.monotonic() + DRAIN_S
    while (n_done := _n_done(it, sent)) < len(sent) and time.monotonic() < end:
        if n_done > most:
            most, end = n_done, time.monotonic() + DRAIN_S
        time.sleep(LOOK_S)


def _n_done(it: Clinic, sent: dict[str, set[str]]) -> int:
    """Number of series that are scored and reported."""
    found = it.slices()
    return sum(
        len(uids) in found.get(series, []) and bool(it.pacs.of_series(series))
        for series, uids in sent.items()
    )


def _count(it: Clinic, sent: dict[str, set[str]], outcome: Outcome) -> None:
    found = it.slices()
    for series, uids in sent.items():
        complete = [n for n in found.get(series, []) if n == len(uids)]
        outcome.series += 1
        outcome.acknowledged += len(uids)
        outcome.lost += 0 if complete else len(uids)
        outcome.twice += len(complete) > 1
        outcome.unreported += not it.pacs.of_series(series)


def main() -> None:
    """Print the counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    wanted = parser.parse_args()
    database = running() if wanted.database == "postgresql" else nullcontext()
    with tempfile.TemporaryDirectory() as folder, database as server:
        outcome = kill_and_count(Path(folder), server, kills=wanted.kills, seed=wanted.seed)
    longest = {"back_s": sorted(outcome.back_s, reverse=True)[:5]}
    print(json.dumps({**vars(outcome), **longest, "load": os.getloadavg()}))


if __name__ == "__main__":
    main()
