"""Ctrl-C and SIGTERM: what is done is kept, and whoever asks twice does not wait."""

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
"""What asks a run to stop."""


class Stop:
    """What the user asked of a run.

    Attributes:
        asked: Set once the run is to end after the slices in work.
        number: The first signal that came; ``None`` while none has.
        twice: Whether another one came before the run had ended.
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
        """From now on there are results to keep: the run is asked to end, and not broken off."""
        self._keeping = True

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal.

        Raises:
            KeyboardInterrupt: Where there is nothing to keep, or the user has asked before.
        """
        self.twice = self.number is not None
        self.number = self.number or number
        self.asked.set()
        if self.twice or not self._keeping:
            _leave_to_the_system()
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let a run be stopped while the block runs.

    Signals reach the main thread alone, and one that whoever started the process has turned off
    stays off.
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
    """End a run that has nothing to keep, or whose user will not wait for it.

    Raises:
        Exit: Where no signal came, with the status of an interrupt. After a signal the process
            ends here and now: threads that load or read are not waited for.
    """
    left = "what was not written yet is lost" if stop.twice else "nothing was scored or written"
    say(f"stopped by the user: {left}", err=True)
    if stop.status is None:
        raise typer.Exit(INTERRUPTED)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(stop.status)


def _leave_to_the_system() -> None:
    """From now on the system ends the process at the next signal, whatever it is busy with."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
