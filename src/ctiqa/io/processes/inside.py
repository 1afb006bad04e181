"""What runs inside a process that reads for another one."""

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
"""Imported before the process divides, so that its twins start at once."""

MAX_DATA_BYTES = 7 << 26
"""Memory of a process that reads, 448 MiB: a matrix of 2048 × 2048 pixels takes 16, a file that had
to be unpacked 256 at most."""

Pipes = tuple[int, int]
"""Descriptors that requests are read from and answers are written to."""


def serve_pipes(others: Sequence[Pipes]) -> None:
    """Serve the process at the other end of standard input and output, until it is gone.

    Args:
        others: Pipes of the twins to be made of this process.
    """
    pipes = _standard_pipes()
    import_module(PRELOADED)
    pipes = _divide(pipes, others)
    _set_limits()
    serve(os.fdopen(pipes[0], "rb"), os.fdopen(pipes[1], "wb"))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Say the number of this process, then answer one request after another."""
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
    """Queue requests; end the process, whatever it is doing, when nobody is left to ask."""
    # Where the pipe breaks or brings nonsense, the end is the same.
    with suppress(Exception):
        while True:
            waiting.put(receive(requests))
    os._exit(0)


def _answer(task: Any, item: Any) -> tuple[bool, Any]:
    try:
        return True, task(item)
    # The caller raises it again: it is a bug there as it would be here.
    except Exception as error:  # noqa: BLE001
        return False, error


def _reply(answers: BinaryIO, answer: tuple[bool, Any]) -> None:
    try:
        send(answers, answer)
    except OSError:
        os._exit(0)


def _standard_pipes() -> Pipes:
    """Take standard input and output for the talk; what libraries print goes nowhere."""
    pipes = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return pipes


def _divide(own: Pipes, others: Sequence[Pipes]) -> Pipes:
    """Make a twin for each of the other pipes; returns the pipes of the process that goes on."""
    if not others:
        return own
    # Twins that end are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    every = [own, *others]
    mine = next((pipes for pipes in others if os.fork() == 0), own)
    for pipes in every:
        if pipes != mine:
            os.close(pipes[0])
            os.close(pipes[1])
    return mine


def _set_limits() -> None:
    """No more memory than reading can need, and no core file with a patient's pixels in it."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not there on Windows

    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, MAX_DATA_BYTES)):
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY or hard > most:
            with suppress(ValueError, OSError):
                resource.setrlimit(limit, (most, hard))


def _limit_cpu(seconds: float) -> None:
    """End this process after some processor time, even inside a library; 0 takes it back."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
