"""Ctrl-C and SIGTERM: the first keeps the results so far, the second stops at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer

from ctiqa.cli.console.say import say
from ctiqa.cli.console.status import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals that stop a run."""


class Stop:
    """The stop requests received during a run.

    Attributes:
        asked: Set once the run is to end after the slices in progress.
        number: The first signal received; ``None`` if none.
        twice: Whether a second one was received before the run ended.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.number: int | None = None
        self.twice = False
        self._keeping = False

    @property
    def status(self) -> int | None:
        """Exit status of a stopped run: 130 after Ctrl-C, 143 after SIGTERM."""
        return None if self.number is None else 128 + self.number

    def keep(self) -> None:
        """From now on there are results to keep: a signal ends the run in an orderly way."""
        self._keeping = True

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: If there is nothing to keep, or this is the second signal.
        """
        self.twice = self.number is not None
        self.number = self.number or number
        self.asked.set()
        if self.twice or not self._keeping:
            _leave_to_the_system()
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Handle stop signals while the block runs.

    Only the main thread receives signals. A signal that the parent process has set to be
    ignored stays ignored.
    """
    stop = Stop()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, action in before.items() if action is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL if stop.number else before[number])


def break_off(stop: Stop) -> NoReturn:
    """End a run that has no results to keep, or was stopped twice.

    Raises:
        Exit: If no signal was received, with the status of an interrupt. After a signal the
            process exits immediately, without waiting for threads that load or read.
    """
    left = "what was not written yet is lost" if stop.twice else "nothing was scored or written"
    say(f"stopped by the user: {left}", err=True)
    if stop.status is None:
        raise typer.Exit(INTERRUPTED)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(stop.status)


def _leave_to_the_system() -> None:
    """Restore the default handlers, so that the next signal ends the process immediately."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
