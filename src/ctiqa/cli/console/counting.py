"""Progress of countable work: a bar on a terminal, occasional lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def count_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress and the remaining time while the block runs.

    Args:
        label: Name of the work.

    Yields:
        Function (done, total) that updates the display.
    """
    if not sys.stderr.isatty():
        yield _line_writer(label)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _line_writer(label: str) -> Callable[[int, int], None]:
    started = last = time.monotonic()
    before: int | None = None

    def write(done: int, total: int) -> None:
        nonlocal before, last
        now = time.monotonic()
        # Items done by an earlier run took no time in this one.
        before = done - 1 if before is None else before
        if now - last >= SECONDS_BETWEEN_LINES or done == total:
            left = (now - started) / max(done - before, 1) * (total - done)
            sys.stderr.write(f"{label}: {done}/{total}, {left:.0f} s left\n")
            last = now

    return write
