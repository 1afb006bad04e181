"""One process that runs tasks, started again when a task kills it."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self

POLL_S = 0.2
"""How often a stop is looked for, in seconds."""

START: Final = "spawn"
"""A fresh process: a copy of this one would have its threads' locks, but not its threads."""


class DiedError(Exception):
    """The process has died while it ran a task."""


class StoppedError(Exception):
    """A stop was asked for; the process was killed."""


class Child:
    """A process that calls a function, again and again.

    Args:
        function: A function of a module.
        stop: Once it is set, the process is killed.
    """

    def __init__(self, function: Callable[[Any], Any], stop: Event) -> None:
        self._function = function
        self._stop = stop
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._folder: TemporaryDirectory[str] | None = None

    def call(self, argument: object) -> Any:
        """Call the function.

        Args:
            argument: Can be pickled.

        Returns:
            What it returns.

        Raises:
            DiedError: If the process dies of it.
            StoppedError: If a stop is asked for.
        """
        pipe = self._ready()
        try:
            pipe.send(argument)
            while not pipe.poll(POLL_S):
                if self._stop.is_set():
                    self.close()
                    raise StoppedError
            answer = pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.close()
            raise DiedError from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        """Kill the process, and remove its temporary files."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._pipe = self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ready(self) -> Connection:
        if self._pipe is None:
            context = get_context(START)
            self._folder = TemporaryDirectory(prefix="ctiqa-", ignore_cleanup_errors=True)
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=serve, args=(theirs, self._function, self._folder.name)
            )
            self._process.start()
            theirs.close()
        return self._pipe


def serve(pipe: Connection, function: Callable[[Any], Any], folder: str) -> None:
    """What the process does until its parent is gone.

    Args:
        pipe: Brings arguments, and takes answers or errors.
        function: What is called.
        folder: For temporary files, which the parent removes.
    """
    # Ctrl-C reaches all processes of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):
        while True:
            pipe.send(_answer(function, pipe.recv()))


def _answer(function: Callable[[Any], Any], argument: object) -> object:
    try:
        return function(argument)
    except Exception as error:  # noqa: BLE001 - raised again in the parent
        return error.with_traceback(None)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
