"""Trends of a frame; those of many scans in a process of its own, which leaves pages undisturbed.

The process reads a task from standard input and writes what came out to standard output, both as
pickles: nobody but the server that has started it can send it one.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import polars as pl

from ctiqa.errors import CtiqaError
from ctiqa.trends.compute import trends
from ctiqa.trends.limits.checking import check_limits
from ctiqa.trends.limits.outcome import LimitsChecked
from ctiqa.trends.limits.reading import read_limits
from ctiqa.trends.result import Every, Trends
from ctiqa.trends.scans.selection import NEEDED

MANY = 20_000
"""Number of scans from which a process of its own is worth its start, which takes a second."""

NICE = 10
"""The process leaves the processor to the pages."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is computed.

    Attributes:
        frame: The scans.
        every: Length of the periods.
        limits: File with limits; ``None`` for none.
    """

    frame: pl.DataFrame
    every: Every
    limits: Path | None


@dataclass(frozen=True, slots=True)
class Found:
    """What came out.

    Attributes:
        trends: The trends; ``None`` if they could not be computed.
        limits: What the check of the limits found; ``None`` without limits.
        failure: Why there are none.
    """

    trends: Trends | None = None
    limits: LimitsChecked | None = None
    failure: str | None = None


def compute(task: Task) -> Found:
    """Compute trends and check the limits, in this process."""
    try:
        found = trends(task.frame, every=task.every)
        checked = None if task.limits is None else check_limits(found, read_limits(task.limits))
    except CtiqaError as error:
        return Found(failure=str(error))
    return Found(found, checked)


class Computer:
    """Computes trends, those of many scans in a process of its own.

    Args:
        many: Number of scans from which they are many.
    """

    def __init__(self, many: int = MANY) -> None:
        self._many = many
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def compute(self, task: Task) -> Found:
        """Compute trends and check the limits.

        Raises:
            EOFError: If the process has ended before it was done.
        """
        if task.frame.height < self._many:
            return compute(task)
        sent = Task(task.frame.select(*NEEDED), task.every, task.limits)
        with self._started() as process:
            answer, _ = process.communicate(pickle.dumps(sent))
        found: Found = pickle.loads(answer)  # noqa: S301 - of a child of this process
        return found

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_closed:
                raise EOFError
            command = [sys.executable, "-c", f"from {__name__} import main; main()"]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
            return self._process


def main() -> None:
    """Compute what standard input says."""
    # Ctrl-C is meant for the server, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    found = compute(pickle.load(sys.stdin.buffer))  # noqa: S301 - of the server itself
    try:
        sys.stdout.buffer.write(pickle.dumps(found))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The server has ended meanwhile.
        os._exit(1)
