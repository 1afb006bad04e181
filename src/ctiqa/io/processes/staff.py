"""The processes that are there, kept from one scan to the next: starting one takes 0.3 s."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from ctiqa.errors import ProcessError
from ctiqa.io.processes.process import LostError, Process, start


class Staff:
    """Processes that wait for work; any thread may take one."""

    def __init__(self) -> None:
        self._idle: list[Process] = []
        self._lock = Lock()
        self._is_known = False

    def start_workers(self, count: int) -> None:
        """Start what is missing to ``count`` processes, without waiting for them.

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
    def taken(self) -> Iterator[Process]:
        """One process, for the time of the block; not used again if it is lost there.

        Raises:
            ProcessError: If none waits and the system allows no new one.
        """
        process = self._take()
        try:
            yield process
        except BaseException as error:
            # What the task raised says nothing against the process; an interrupt leaves it at work.
            if isinstance(error, Exception) and not isinstance(error, LostError | ProcessError):
                self._give(process)
            else:
                process.kill()
                process.end()
            raise
        self._give(process)

    def dismiss(self) -> None:
        """End all that wait."""
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
            self._be_known()

    def _be_known(self) -> None:
        """End with this process, and leave its pipes alone in one that is forked off it."""
        if self._is_known:
            return
        self._is_known = True
        atexit.register(self.dismiss)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._idle, self._lock = [], Lock()


STAFF = Staff()
"""Of this process. Its members keep nothing between tasks: nobody sees who else uses them."""


def start_workers(count: int) -> None:
    """Have so many processes ready soon.

    Raises:
        ProcessError: If the system does not allow it.
    """
    STAFF.start_workers(count)
