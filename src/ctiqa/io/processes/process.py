"""One worker process, as seen by its parent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.spawn import get_executable
from pathlib import Path
from threading import Timer
from typing import BinaryIO, TypeVar, cast

from ctiqa.errors import ProcessError
from ctiqa.io.processes.frames import receive, send

Item = TypeVar("Item")
Result = TypeVar("Result")

START_S = 120.0
"""Time limit for the start of a process, in seconds; on a busy disc it can take long."""

WALL_FACTOR = 6.0
"""Limit on elapsed time as a multiple of the processor time limit; machines may be busy."""

DIVIDES = sys.platform == "linux"
"""Whether one process is started and forks the others; elsewhere each is started separately."""

PIPE_BYTES = 1 << 20
"""Capacity of a pipe in bytes, enough for a slice of 512 × 512 pixels."""

SET_PIPE_SIZE = 1031
"""Linux's ``F_SETPIPE_SZ``, which Python defines only on some systems."""


class LostError(Exception):
    """The process ended during its work."""


class Process:
    """A process that runs one task at a time; only one thread at a time may use it.

    Args:
        requests: Stream to which tasks are written.
        answers: Stream from which results are read.
        child: The process, if it is a child of this process and not a fork of another worker.
    """

    def __init__(
        self, requests: BinaryIO, answers: BinaryIO, child: subprocess.Popen[bytes] | None
    ) -> None:
        self._requests = requests
        self._answers = answers
        self._child = child
        self._pid: int | None = None

    def call(self, task: Callable[[Item], Result], item: Item, cpu_s: float) -> Result:
        """Run a task.

        Args:
            task: Function at the top level of a module.
            item: Argument of the task.
            cpu_s: Processor time limit, in seconds.

        Returns:
            The result of the task; exceptions of the task are raised here.

        Raises:
            LostError: If the process crashes or takes too long; it cannot be used again.
            ProcessError: If the process could not start.
        """
        self._greet()
        with self._killed_after(WALL_FACTOR * cpu_s):
            try:
                send(self._requests, (task, item, cpu_s, _here()))
                done, result = receive(self._answers)
            except (OSError, EOFError):
                raise LostError from None
        if not done:
            raise result
        return cast("Result", result)

    def is_alive(self) -> bool:
        """Whether the process still exists, as far as can be told from outside."""
        if self._child is not None:
            return self._child.poll() is None
        if self._pid is None:
            return True
        try:
            os.kill(self._pid, 0)
        except OSError:
            return False
        return True

    def end(self, *, wait_s: float = 1.0) -> None:
        """End the process: it exits when its pipe closes, or is killed."""
        for stream in (self._requests, self._answers):
            with suppress(OSError):
                stream.close()
        if self._child is None:
            return
        try:
            self._child.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def kill(self) -> None:
        """Kill the process immediately."""
        if self._child is not None:
            self._child.kill()
        elif self._pid is not None:
            with suppress(OSError):
                os.kill(self._pid, 9)

    def _greet(self) -> None:
        """Wait until the process is ready."""
        if self._pid is not None:
            return
        with self._killed_after(START_S):
            try:
                self._pid = int(receive(self._answers))
            except (OSError, EOFError):
                raise ProcessError(
                    "a reader process cannot be started: it ended while it loaded; check "
                    "the memory and the number of processes you may use"
                ) from None

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        alarm = Timer(seconds, self.kill)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()


def _here() -> str:
    """The current working folder, sent with every call; empty if it no longer exists."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def start(count: int) -> list[Process]:
    """Start processes without waiting until they are ready.

    Raises:
        ProcessError: If the system does not allow it.
    """
    try:
        if DIVIDES:
            return _start_divided(count)
        return [_start_divided(1)[0] for _ in range(count)]
    except OSError as error:
        raise ProcessError(
            f"a reader process cannot be started: {error.strerror}; raise the limit on open "
            "files and processes ('ulimit -n', 'ulimit -u')"
        ) from error


def _start_divided(count: int) -> list[Process]:
    """Start one process that forks the others as soon as its modules are loaded."""
    ours: list[tuple[BinaryIO, BinaryIO]] = []
    theirs: list[tuple[int, int]] = []
    try:
        for _ in range(count - 1):
            own, other = _pipes()
            ours.append(own)
            theirs.append(other)
        child = _launch(theirs)
    except OSError:
        for pair in ours:
            for stream in pair:
                stream.close()
        raise
    finally:
        for descriptors in theirs:
            for descriptor in descriptors:
                os.close(descriptor)
    first = Process(cast("BinaryIO", child.stdin), cast("BinaryIO", child.stdout), child)
    _widen(cast("BinaryIO", child.stdout).fileno())
    return [first, *(Process(requests, answers, None) for requests, answers in ours)]


def _pipes() -> tuple[tuple[BinaryIO, BinaryIO], tuple[int, int]]:
    """A pipe in each direction: this end as streams, the other end as descriptors."""
    their_requests, our_requests = os.pipe()
    try:
        our_answers, their_answers = os.pipe()
    except OSError:
        os.close(their_requests)
        os.close(our_requests)
        raise
    _widen(our_answers)
    ours = os.fdopen(our_requests, "wb"), os.fdopen(our_answers, "rb")
    return ours, (their_requests, their_answers)


def _launch(theirs: Sequence[tuple[int, int]]) -> subprocess.Popen[bytes]:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from ctiqa.io.processes.inside import serve_pipes; serve_pipes({list(theirs)!r})"
    )
    return subprocess.Popen(
        [os.fsdecode(get_executable()), "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[descriptor for pair in theirs for descriptor in pair],
        # Ctrl-C on the terminal must reach only the parent, which handles it.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def _widen(descriptor: int) -> None:
    if DIVIDES:
        import fcntl  # noqa: PLC0415 - not there on Windows

        with suppress(OSError):
            fcntl.fcntl(descriptor, SET_PIPE_SIZE, PIPE_BYTES)
