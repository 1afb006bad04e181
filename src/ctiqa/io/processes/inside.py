"""The code that runs inside a worker process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

from ctiqa.io.processes.frames import receive, send

PRELOADED = "ctiqa.io.dicom.decoding.preload"
"""Imported before the process forks, so that its copies start immediately."""

MAX_DATA_BYTES = 7 << 26
"""Memory limit of a worker, 448 MiB: a matrix of 2048 × 2048 pixels takes 16 MiB, an unpacked file
at most 256."""

Pipes = tuple[int, int]
"""File descriptors for reading requests and writing answers."""


def serve_pipes(others: Sequence[Pipes]) -> None:
    """Serve the process at the other end of standard input and output until it is gone.

    Args:
        others: Pipes of the copies to fork from this process.
    """
    pipes = _standard_pipes()
    import_module(PRELOADED)
    pipes = _divide(pipes, others)
    _set_limits()
    serve(os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb"))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Send the process ID, then answer requests one by one."""
    send(answers, os.getpid())
    waiting: SimpleQueue[tuple[Any, Any, float, str]] = SimpleQueue()
    Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    while True:
        task, item, cpu_s, folder = waiting.get()
        with suppress(OSError):
            os.chdir(folder)
        _limit_cpu(cpu_s)
        answer = _answer(task, item)
        _limit_cpu(0.0)
        _reply(answers, answer)


def _listen(requests: BinaryIO, waiting: SimpleQueue[tuple[Any, Any, float, str]]) -> None:
    """Queue requests; exit, whatever the process is doing, when the other end is closed."""
    # A broken pipe or an invalid message ends the process, too.
    with suppress(Exception):
        while True:
            waiting.put(receive(requests))
    os._exit(0)


def _answer(task: Any, item: Any) -> tuple[bool, Any]:
    try:
        return True, task(item)
    # The caller raises it again.
    except Exception as error:  # noqa: BLE001
        return False, error


def _reply(answers: BinaryIO, answer: tuple[bool, Any]) -> None:
    try:
        send(answers, answer)
    except OSError:
        os._exit(0)


def _standard_pipes() -> Pipes:
    """Take over standard input and output for messages; output of libraries is discarded."""
    pipes = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return pipes


def _divide(own: Pipes, others: Sequence[Pipes]) -> Pipes:
    """Fork a copy for each of the other pipes; returns the pipes of the current process."""
    if not others:
        return own
    # Avoid zombies: nothing waits for copies that exit.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    every = [own, *others]
    mine = next((pipes for pipes in others if os.fork() == 0), own)
    for pipes in every:
        if pipes != mine:
            os.close(pipes[0])
            os.close(pipes[1])
    return mine


def _set_limits() -> None:
    """Limit memory to what reading can need, and prevent core files with patient data."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not there on Windows

    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, MAX_DATA_BYTES)):
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY or hard > most:
            with suppress(ValueError, OSError):
                resource.setrlimit(limit, (most, hard))


def _limit_cpu(seconds: float) -> None:
    """Set a processor time limit that kills this process, even inside a library; 0 removes it."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
