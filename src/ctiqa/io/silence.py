"""Other people's parsers, run silently and with one kind of failure.

Warning filters and loggers belong to the whole process, and other threads have their own use for
them. What is put there keeps quiet for the threads that asked for it alone, is put there once
however many of them there are, and is gone when the last of them is done.
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
    "nibabel.global",
    "tifffile",
    "openjpeg",
    "openjpeg.utils",
    "pylibjpeg",
    "pylibjpeg.utils",
    "jpeg_ls",
)
"""Loggers that quote header values, patient tags among them; those below are found by name."""


class _Silence:
    """Which threads are silent now, and what keeps them so.

    One object is both the filter of loggers and the pattern of the warning filter: each asks it
    whether the thread that speaks is silent.
    """

    def __init__(self) -> None:
        self._loggers: list[logging.Logger] = []
        self._known = 0
        # A warning filter: action, message, category, module, line. The pattern of the module is
        # asked for a match, and any object that can answer will do.
        self._entry = ("ignore", None, Warning, self, 0)
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def match(self, _module: str) -> bool:
        """Whether a warning is not to be seen."""
        return threading.get_ident() in self._depth

    def filter(self, _record: logging.LogRecord) -> bool:
        """Whether a log line is to be seen."""
        return threading.get_ident() not in self._depth

    def begin(self) -> int:
        """The thread that calls is silent from now on; returns its number."""
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
        """Be in the way of every logger there is, and at the head of the filters of warnings."""
        if self._known != len(logging.Logger.manager.loggerDict):
            self._loggers = [logging.getLogger(name) for name in _names()]
            self._known = len(logging.Logger.manager.loggerDict)
        for logger in self._loggers:
            logger.addFilter(self)
        # Whoever catches warnings works on a copy of the list, and puts the old one back later.
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
        """No thread is silent; in a process that was forked off, none of the others lives on."""
        self._lock = threading.Lock()
        self._depth: dict[int, int] = {}
        self._lists: list[list[Any]] = []
        self._leave()


def _names() -> list[str]:
    """The loggers of the parsers, and all that exist below them."""
    below = tuple(f"{name}." for name in LOGGERS)
    existing = tuple(logging.Logger.manager.loggerDict)
    return [*LOGGERS, *(n for n in existing if n.startswith(below) and n not in LOGGERS)]


_SILENCE = _Silence()


@contextmanager
def silent() -> Iterator[None]:
    """Keep warnings and log lines of the parsers, which may name the patient, off the terminal.

    Of this thread alone: what others have to say meanwhile is heard.
    """
    thread = _SILENCE.begin()
    try:
        yield
    finally:
        _SILENCE.end(thread)


@contextmanager
def foreign(action: str, reason: Reason = Reason.CORRUPT) -> Iterator[None]:
    """Run a parser on input that may be hostile.

    Args:
        action: What is being done, for the message.
        reason: Code of the refusal that any failure becomes.

    Raises:
        RefusedError: With ``reason`` if the parser fails; a refusal raised inside passes.

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
    # Parsers of damaged files raise anything from struct.error to RecursionError, and a panic of
    # one written in Rust is no Exception at all. Their messages quote header values: the type
    # alone is safe to show.
    except BaseException as error:  # noqa: BLE001
        raise RefusedError(reason, f"{action} cannot be parsed ({type(error).__name__})") from None


_capturing = threading.Lock()
"""One thread at a time has standard error, or another would put back the wrong one."""


@contextmanager
def captured_stderr() -> Iterator[BinaryIO]:
    """Catch what C libraries print to the process's standard error, from whatever thread.

    Yields:
        A file that holds what was printed, to be read inside or after the block's work.
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
