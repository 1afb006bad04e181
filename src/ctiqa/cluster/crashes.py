"""Tasks whose worker died: they are split until the unit that does it is alone, and recorded."""

from __future__ import annotations

from collections.abc import Callable

from ctiqa.archive.work import crashed
from ctiqa.cluster.parts.parts import Parts
from ctiqa.cluster.tasks import Done, Task
from ctiqa.errors import ProcessError

MOST_IN_A_ROW = 8
"""So many units that kill their worker before any was scored are no accident."""


class Crashes:
    """Decides what becomes of tasks whose worker died.

    Args:
        parts: Where crashed units are recorded.
        again: Takes tasks that are to be tried again.
        recorded: Told of units that were recorded.
    """

    def __init__(
        self, parts: Parts, again: Callable[[Task], None], recorded: Callable[[Task, Done], None]
    ) -> None:
        self._parts = parts
        self._again = again
        self._recorded = recorded
        self._tried: set[str] = set()
        self._open: dict[str, set[str]] = {}
        self._suspects: list[Task] | None = []

    def died(self, task: Task, why: str) -> None:
        """A task cannot be done.

        Args:
            task: The task.
            why: What happened, for the message.

        Raises:
            ProcessError: If workers die on everything.
        """
        if task.key not in self._tried and task.parent is None:
            self._split(task)
        elif self._suspects is None:
            self._record(task)
        else:
            self._suspects.append(task)
            if len(self._suspects) >= MOST_IN_A_ROW:
                raise ProcessError(
                    f"none of the first {MOST_IN_A_ROW} series could be scored ({why}), so that it "
                    "is not due to the series; give the workers more memory, and look at what they "
                    "print"
                )

    def survived(self, task: Task) -> None:
        """A task was done, so workers do not die on everything."""
        self.settle()
        self._close(task)

    def settle(self) -> None:
        """Record the units on which workers died; no others are expected."""
        suspects, self._suspects = self._suspects or [], None
        for task in suspects:
            self._record(task)

    def _split(self, task: Task) -> None:
        """Try every unit for itself: the innocent ones are done, the guilty one is found."""
        pieces = task.pieces()
        self._tried.update(each.key for each in pieces)
        self._open[task.key] = {each.key for each in pieces}
        for each in pieces:
            self._again(each)

    def _record(self, task: Task) -> None:
        marker, facts = task.job.marker, task.job.setup.scorer(1).facts
        bundles = [crashed(unit, root, marker, facts) for root, unit in task.batch.places]
        self._parts.write(task.key, bundles)
        self._recorded(task, Done.of(task.key, bundles))
        self._close(task)

    def _close(self, task: Task) -> None:
        """Once all pieces of a batch are done, so is the batch: its part is empty."""
        if task.parent is None:
            return
        pieces = self._open[task.parent]
        pieces.discard(task.key)
        if not pieces and task.parent != task.key:
            self._parts.write(task.parent, ())
