"""Whole processes, from start to exit: how long they take and how much memory."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

INTERVAL_S = 0.01
"""Time between two looks at the memory."""

MIB = 2**20


class CommandError(Exception):
    """A measured command did not end with status 0."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Most memory that a process and all its children held at one time.

    Attributes:
        rss_mib: Sum of their resident memory in MiB; what they share counts once for each.
        pss_mib: The same with what they share divided among them (Linux alone, else ``None``).
    """

    rss_mib: float
    pss_mib: float | None


def wall_time(command: Sequence[str], allowed: Sequence[int] = (0,)) -> float:
    """Seconds from start to exit.

    Args:
        command: Program and arguments.
        allowed: Exit statuses of a command that did what it was to do.

    Raises:
        CommandError: If the command fails.
    """
    start = time.perf_counter()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    _check(command, 0 if done.returncode in allowed else done.returncode, done.stderr)
    return seconds


def wall_time_together(commands: Sequence[Sequence[str]]) -> float:
    """Seconds from the start of the first to the exit of the last of commands that run together.

    Raises:
        CommandError: If one of them fails.
    """
    start = time.perf_counter()
    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(wall_time, commands))
    return time.perf_counter() - start


def peak_memory(command: Sequence[str]) -> Peak:
    """Run a command and watch the memory of its process tree.

    Raises:
        CommandError: If the command fails.
    """
    rss, pss = 0, 0
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        while running.poll() is None:
            held = list(_memory(running.pid))
            rss = max(rss, sum(each for each, _ in held))
            pss = max(pss, sum(each for _, each in held))
            time.sleep(INTERVAL_S)
    _check(command, running.returncode, b"")
    return Peak(rss / MIB, pss / MIB if pss else None)


def _memory(pid: int) -> Iterator[tuple[int, int]]:
    """(RSS, PSS) of a process and its children in bytes; PSS is 0 where the system has none."""
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return
    for process in tree:
        try:
            facts = process.memory_full_info()
        except psutil.Error:
            continue
        yield int(facts.rss), int(getattr(facts, "pss", 0))


def _check(command: Sequence[str], status: int, errors: bytes) -> None:
    if status != 0:
        said = errors.decode(errors="replace").strip()
        raise CommandError(f"'{' '.join(command)}' ended with status {status}: {said}")
