"""Kill the listener at random moments under load; count what was acknowledged and what is whole.

Usage: ``python -m tests.clinic.receiving.tools.kills FOLDER --kills 50``; the counts are
printed as JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.clinic.receiving.tools.objects import ct, data_set_of, encoded
from tests.clinic.receiving.tools.raw import connected
from tests.clinic.receiving.tools.running import serve_in_process

CONTEXT = multiprocessing.get_context("forkserver")
"""Starts processes that have loaded the listener already."""

SENDERS = 3


@dataclass
class Counts:
    """What was counted.

    Attributes:
        kills: How often the listener was killed.
        acknowledged: Instances that it acknowledged.
        lost: Of these, those that are not whole in the spool.
        partial: Files in the spool that are not whole.
        unacknowledged: Whole files whose acknowledgement did not arrive.
        leftovers: Files that were being received at a kill, and are gone after the next start.
        longest_start_s: Longest time from a kill to the next association, in seconds.
    """

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    partial: int = 0
    unacknowledged: int = 0
    leftovers: int = 0
    longest_start_s: float = 0.0


@contextmanager
def process(folder: Path, **listen: Any) -> Iterator[tuple[BaseProcess, int]]:
    """A listener in a process, which is killed at the end, and its port."""
    CONTEXT.set_forkserver_preload(["tests.clinic.receiving.tools.running"])
    told, tell = CONTEXT.Pipe(duplex=False)
    child = CONTEXT.Process(target=serve_in_process, args=(str(folder), tell, listen))
    child.start()
    tell.close()
    try:
        yield child, told.recv()
    finally:
        child.kill()
        child.join()
        told.close()


def kill_often(folder: Path, kills: int, seed: int = 0) -> Counts:
    """Send without end, kill the listener again and again, and look at the spool each time."""
    counts, chance, uids, acknowledged = Counts(), random.Random(seed), count(1), set[str]()
    for _ in range(kills):
        begin = time.monotonic()
        with process(folder) as (child, port):
            threads = [
                threading.Thread(target=_send, args=(port, uids, acknowledged))
                for _ in range(SENDERS)
            ]
            first = len(acknowledged)
            for each in threads:
                each.start()
            while len(acknowledged) == first:
                time.sleep(0.001)
            counts.longest_start_s = max(counts.longest_start_s, time.monotonic() - begin)
            time.sleep(chance.uniform(0, 0.3))
            child.kill()
        counts.kills += 1
        for each in threads:
            each.join()
        counts.leftovers += len(list((folder / "spool" / "tmp").iterdir()))
    return _counted(folder, counts, acknowledged)


def _send(port: int, uids: Iterator[int], acknowledged: set[str]) -> None:
    """Send instances until the listener is gone."""
    with suppress(OSError), connected(port) as raw:
        raw.associate()
        while True:
            uid = f"1.2.{next(uids)}"
            if raw.store(uid, instance(uid)) != 0:
                return
            acknowledged.add(uid)


def instance(uid: str) -> bytes:
    """An instance whose size and content follow from its UID."""
    number = int(uid.rpartition(".")[2])
    return encoded(ct(uid, pixels=number.to_bytes(4, "big") * (20_000 + number % 60_000)))


def _counted(folder: Path, counts: Counts, acknowledged: set[str]) -> Counts:
    whole: set[str] = set()
    for file in (folder / "spool" / "in").rglob("*.dcm"):
        if data_set_of(file) == instance(file.stem):
            whole.add(file.stem)
        else:
            counts.partial += 1
    counts.acknowledged = len(acknowledged)
    counts.lost = len(acknowledged - whole)
    counts.unacknowledged = len(whole - acknowledged)
    return counts


def main() -> None:
    """Kill, count and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    asked = parser.parse_args()
    print(json.dumps(asdict(kill_often(asked.folder, asked.kills)), indent=1))


if __name__ == "__main__":
    main()
