"""Progress of scoring on stderr: bars on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Move = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

_LABELS = {
    "reading": "Reading headers",
    "comparing": "Comparing positions",
    "scoring": "Scoring slices",
}
"""Label of each stage of ``ctiqa score``."""

FIRST_LINE_S = 3.0
"""Runs shorter than this, in s, print no line."""

BETWEEN_LINES_S = 5.0
"""Minimum time between two lines, in s."""

SHARE = 0.05
"""Minimum time between two lines as a fraction of the time so far, so that long runs print few."""


@contextmanager
def stage_bars(*, quiet: bool) -> Iterator[Move | None]:
    """Show the progress of each stage of scoring while the block runs.

    Args:
        quiet: Show nothing.

    Yields:
        Function (stage, done, total); ``None`` if nothing is shown.
    """
    if quiet:
        yield None
    elif not _is_watched():
        yield Lines()
    else:
        with _bars() as bars:
            yield _mover(bars)


class Lines:
    """Progress for a log: a line every few seconds, none for a short run.

    Args:
        clock: Returns the time in s.
        write: Writes a line; default is stderr.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        write: Callable[[str], object] | None = None,
    ) -> None:
        self._clock = clock
        self._write = write or sys.stderr.write
        self._started = self._began = clock()
        self._next = self._started + FIRST_LINE_S
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Record the progress of a stage, and print a line if one is due."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._began = stage, now
        if now < self._next:
            return
        self._next = now + max(BETWEEN_LINES_S, SHARE * (now - self._started))
        left = (now - self._began) / max(done, 1) * (total - done)
        self._write(f"{label_of(stage)}: {done} of {total}, {time_left(left)} left\n")


def label_of(stage: str) -> str:
    """The label of a stage; by default its capitalised name.

    >>> label_of("scoring"), label_of("sorting")
    ('Scoring slices', 'Sorting')
    """
    return _LABELS.get(stage, stage.capitalize())


def time_left(seconds: float) -> str:
    """Format a remaining time in a suitable unit.

    >>> time_left(42.4), time_left(600), time_left(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _is_watched() -> bool:
    """Whether stderr is a terminal that can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in {"dumb", "unknown"}


def _mover(bars: Progress) -> Move:
    tasks = {stage: bars.add_task(text, visible=False) for stage, text in _LABELS.items()}

    def move(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(label_of(stage), visible=False)
        bars.update(tasks[stage], completed=done, total=total, visible=True)

    return move


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
