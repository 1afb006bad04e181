"""The pool of worker processes, kept from scan to scan because starting one takes 0.3 s."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from ctiqa.errors import ProcessError
from ctiqa.io.processes.process import LostError, Process, start


class WorkerPool:
    """A pool of idle processes, usable from any thread."""

    def __init__(self) -> None:
        self._idle: list[Process] = []
        self._lock = Lock()
        self._is_registered = False

    def start_workers(self, count: int) -> None:
        """Start processes until ``count`` are idle, without waiting for them.

        Raises:
            ProcessError: If the system does not allow it.
        """
        with self._lock:
            dead = [process for process in self._idle if not process.is_alive()]
            self._idle = [process for process in self._idle if process not in dead]
            self._start(count - len(self._idle))
        for process in dead:
            process.end()

    @contextmanager
    def acquire(self) -> Iterator[Process]:
        """Take one process for the duration of the block; a lost process is not used again.

        Raises:
            ProcessError: If none is idle and the system does not allow a new one.
        """
        process = self._take()
        try:
            yield process
        except BaseException as error:
            # After an exception of the task the process is fine; after an interrupt it is busy.
            if isinstance(error, Exception) and not isinstance(error, LostError | ProcessError):
                self._give(process)
            else:
                process.kill()
                process.end()
            raise
        self._give(process)

    def dismiss(self) -> None:
        """End all idle processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _take(self) -> Process:
        with self._lock:
            while self._idle:
                if (process := self._idle.pop(0)).is_alive():
                    return process
                process.end()
            self._start(1)
            return self._idle.pop()

    def _give(self, process: Process) -> None:
        with self._lock:
            self._idle.append(process)

    def _start(self, count: int) -> None:
        if count > 0:
            self._idle.extend(start(count))
            self._register_cleanup()

    def _register_cleanup(self) -> None:
        """End the pool when this process exits, and drop it in forked processes."""
        if self._is_registered:
            return
        self._is_registered = True
        atexit.register(self.dismiss)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._idle, self._lock = [], Lock()


WORKERS = WorkerPool()
"""The pool of this process. Workers keep no state between tasks, so all callers can share it."""


def start_workers(count: int) -> None:
    """Start workers in advance, so that this many will be ready soon.

    Raises:
        ProcessError: If the system does not allow it.
    """
    WORKERS.start_workers(count)
