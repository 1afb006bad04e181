"""Run third-party parsers silently and with one kind of failure.

Warning filters and loggers are global to the process, and other threads use them, too. The filter
installed here silences only the threads that requested it. It is installed once for any number of
threads, and removed when the last of them is done.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from ctiqa.errors import Reason, RefusedError

LOGGERS = (
    "pydicom",
    "pydicom.pixels.decoders.base",
    "pydicom.pixels.utils",
    "highdicom",
    "nibabel.global",
    "tifffile",
    "openjpeg",
    "openjpeg.utils",
    "pylibjpeg",
    "pylibjpeg.utils",
    "jpeg_ls",
)
"""Loggers that quote header values, also of patient tags; child loggers are found by name."""


class _Silence:
    """The threads that are silent, and the filter that silences them.

    One object is both the filter of loggers and the pattern of the warning filter; both ask it
    whether the current thread is silent.
    """

    def __init__(self) -> None:
        self._loggers: list[logging.Logger] = []
        self._known = 0
        # A warning filter: action, message, category, module, line. The warnings module calls
        # ``match`` of the module pattern, so any object with that method works.
        self._entry = ("ignore", None, Warning, self, 0)
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def match(self, _module: str) -> bool:
        """Whether a warning is suppressed."""
        return threading.get_ident() in self._depth

    def filter(self, _record: logging.LogRecord) -> bool:
        """Whether a log record is shown."""
        return threading.get_ident() not in self._depth

    def begin(self) -> int:
        """Silence the calling thread; returns its identifier."""
        thread = threading.get_ident()
        with self._lock:
            self._depth[thread] = self._depth.get(thread, 0) + 1
            self._settle_in()
        return thread

    def end(self, thread: int) -> None:
        """Undo one :meth:`begin` of a thread."""
        with self._lock:
            self._depth[thread] -= 1
            if not self._depth[thread]:
                del self._depth[thread]
            if not self._depth:
                self._leave()

    def _settle_in(self) -> None:
        """Install the filter in all loggers and at the head of the warning filters."""
        if self._known != len(logging.Logger.manager.loggerDict):
            self._loggers = [logging.getLogger(name) for name in _names()]
            self._known = len(logging.Logger.manager.loggerDict)
        for logger in self._loggers:
            logger.addFilter(self)
        # ``catch_warnings`` works on a copy of the list and restores the old one later.
        filters = cast("list[Any]", warnings.filters)
        if filters[:1] != [self._entry]:
            filters.insert(0, self._entry)
            self._lists.append(filters)

    def _leave(self) -> None:
        for logger in self._loggers:
            logger.removeFilter(self)
        for filters in (*self._lists, cast("list[Any]", warnings.filters)):
            while self._entry in filters:
                filters.remove(self._entry)
        self._lists.clear()

    def _forget(self) -> None:
        """Reset: no thread is silent. In a forked process the other threads no longer exist."""
        self._lock = threading.Lock()
        self._depth: dict[int, int] = {}
        self._lists: list[list[Any]] = []
        self._leave()


def _names() -> list[str]:
    """The loggers of the parsers and their existing child loggers."""
    below = tuple(f"{name}." for name in LOGGERS)
    existing = tuple(logging.Logger.manager.loggerDict)
    return [*LOGGERS, *(n for n in existing if n.startswith(below) and n not in LOGGERS)]


_SILENCE = _Silence()


@contextmanager
def silent() -> Iterator[None]:
    """Suppress warnings and log records of the parsers, which may name the patient.

    Only in this thread; warnings of other threads are still shown.
    """
    thread = _SILENCE.begin()
    try:
        yield
    finally:
        _SILENCE.end(thread)


@contextmanager
def foreign(action: str, reason: Reason = Reason.CORRUPT) -> Iterator[None]:
    """Run a parser on untrusted input.

    Args:
        action: What is parsed, for the message.
        reason: Code of the refusal raised for any failure.

    Raises:
        RefusedError: With ``reason`` if the parser fails; a refusal raised inside is passed on.

    >>> with foreign("the header"):
    ...     int("not a number")
    Traceback (most recent call last):
    ...
    ctiqa.errors.RefusedError: the header cannot be parsed (ValueError)
    """
    try:
        with silent():
            yield
    except (RefusedError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    # On damaged files parsers raise anything from struct.error to RecursionError, and a panic in
    # Rust code is not even an Exception. Their messages quote header values, so only the type is
    # safe to show.
    except BaseException as error:  # noqa: BLE001
        raise RefusedError(reason, f"{action} cannot be parsed ({type(error).__name__})") from None


_capturing = threading.Lock()
"""Only one thread at a time may redirect standard error, or another would restore the wrong one."""


@contextmanager
def captured_stderr() -> Iterator[BinaryIO]:
    """Capture what C libraries print to standard error of the process, from any thread.

    Yields:
        A file with the captured output.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    with _capturing, tempfile.TemporaryFile() as said:
        saved = os.dup(2)
        try:
            os.dup2(said.fileno(), 2)
            yield cast("BinaryIO", said)
        finally:
            os.dup2(saved, 2)
            os.close(saved)
