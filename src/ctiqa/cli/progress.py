"""The progress bars of scoring: on stderr, and only where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

LABELS = {"reading": "Reading headers", "scoring": "Scoring slices"}
"""What ``ctiqa score`` is doing, by the name of the stage."""


@contextmanager
def stage_bars(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show one bar for each stage of scoring while the block runs.

    Args:
        quiet: Show nothing.

    Yields:
        Function (stage, done, total) that moves a bar; ``None`` where nothing is shown.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with _bars() as bars:
        tasks = {stage: bars.add_task(text, visible=False) for stage, text in LABELS.items()}

        def move(stage: str, done: int, total: int) -> None:
            bars.update(tasks[stage], completed=done, total=total, visible=True)

        yield move


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
