"""Find and read folders, each in a process of its own that may die of it.

``python -m tests.corpus.bounded`` takes a folder a line and answers with a line of JSON. Each
folder is read by a fork of a process that has loaded the readers and done nothing else, so that a
case costs no start of Python and its peak of memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pydicom.pixels  # noqa: F401 - loaded once, before the forks
from tests.corpus import build  # noqa: F401
from tests.corpus.case import leak, outcome

from ctiqa.io import ReadOptions

LONGEST_S = 60
"""Seconds until a reader is given up."""


def report(folder: Path) -> dict[str, Any]:
    """Read a folder in this process and say how that ended."""
    start = time.monotonic()
    ended = outcome([folder], ReadOptions())
    return {
        "slices": len(ended.hu),
        "sums": [float(hu.sum(dtype="f8")) for hu in ended.hu],
        "skipped": [[each.reason.value, each.detail] for each in ended.skipped],
        "leak": leak(ended),
        "seconds": time.monotonic() - start,
        "peak_mb": max(own_peak_mb(), *map(peak_mb, children())),
    }


def own_peak_mb() -> float:
    """Most memory of this process, and of its children that have ended, in MB."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in who) / 1024


def children() -> list[str]:
    """This process, and those that it has started and that still run, as the system names them."""
    found = Path("/proc/self/task").glob("*/children")
    return ["self", *(pid for file in found for pid in _read(file).split())]


def peak_mb(pid: str) -> float:
    """Most memory that a running process ever had, in MB; 0 where the system does not say."""
    lines = _read(Path(f"/proc/{pid}/status")).splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _read(file: Path) -> str:
    """What the system says about a process or thread; nothing once that is gone."""
    try:
        return file.read_text()
    except OSError:
        return ""


def apart(folder: Path) -> dict[str, Any]:
    """Read a folder in a fork; ``died`` holds the wait status of one that did not come back."""
    receiver, sender = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(receiver)
        _answer(folder, sender)
    os.close(sender)
    answer = _received(receiver, time.monotonic() + LONGEST_S)
    if answer is None:
        os.kill(pid, signal.SIGKILL)
    os.close(receiver)
    _, status = os.waitpid(pid, 0)
    return {"died": status} if not answer else dict(json.loads(answer))


def _answer(folder: Path, sender: int) -> None:
    """What the fork does; it never returns."""
    try:
        os.write(sender, json.dumps(report(folder)).encode())
    except BaseException as error:  # noqa: BLE001 - the fork must not run on as its parent
        os.write(sender, json.dumps({"raised": repr(error)}).encode())
    finally:
        os._exit(0)


def _received(receiver: int, deadline: float) -> bytes | None:
    """Everything that the fork says until it ends; ``None`` if it never does."""
    said = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([receiver], [], [], left)[0]:
            part = os.read(receiver, 1 << 16)
            if not part:
                return said
            said += part
    return None


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(apart(Path(line.rstrip("\n")))), flush=True)
