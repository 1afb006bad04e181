"""What becomes of tasks that are done: they are counted, and their parts go into the store."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from ctiqa.archive.totals import Totals
from ctiqa.cluster.books import Books, Say
from ctiqa.cluster.crashes import Crashes
from ctiqa.cluster.parts.part import DamagedPartError
from ctiqa.cluster.parts.parts import Parts
from ctiqa.cluster.tasks import Done, Task
from ctiqa.store.run import Run
from ctiqa.store.store import Store


class Collector:
    """Puts parts into the store that they were made for, and removes them.

    Args:
        parts: The parts.
        store: The store; ``None`` leaves the parts where they are.
        say: Told of damaged parts.
    """

    def __init__(self, parts: Parts, store: Store | None, say: Say) -> None:
        self._parts = parts
        self._store = store
        self._say = say
        self._run = Run("survey")

    @property
    def has_store(self) -> bool:
        """Whether parts go into a store."""
        return self._store is not None

    def leftovers(self) -> int:
        """Take the parts that an earlier survey has left; returns the number of new scans."""
        keys = self._parts.written() if self.has_store else []
        return sum(self.take(key) or 0 for key in keys)

    def take(self, key: str) -> int | None:
        """Store a part and remove it.

        Returns:
            Number of scans that are new; ``None`` if the part is damaged.
        """
        if self._store is None:
            return 0
        try:
            bundles = self._parts.read(key)
        except FileNotFoundError:
            # Another survey into the same store has taken it.
            return 0
        except DamagedPartError as error:
            self._say(f"The part {key} is damaged: {error}. It was set aside and is made again.")
            return None
        new = sum(self._store.put(each, self._run) for each in bundles)
        self._parts.remove(key)
        return new

    def finish(self) -> None:
        """Record the end of the run."""
        if self._store is not None:
            self._store.finish(self._run)


class Ledger:
    """Takes what tasks return.

    Args:
        parts: The parts.
        books: Counts.
        collector: Puts parts into the store.
        again: Takes tasks that are to be tried again.
    """

    def __init__(
        self, parts: Parts, books: Books, collector: Collector, again: Callable[[Task], None]
    ) -> None:
        self._books = books
        self._collector = collector
        self._again = again
        self._crashes = Crashes(parts, again, self._record)

    def done(self, task: Task, result: Done) -> None:
        """A task was done."""
        self._crashes.survived(task)
        self._record(task, result)

    def died(self, task: Task, why: str) -> None:
        """A task cannot be done: its worker has died more than once, or failed."""
        self._crashes.died(task, why)

    def close(self, stop: Event) -> None:
        """There are no further tasks, unless the survey was stopped."""
        if not stop.is_set():
            self._crashes.settle()

    def _record(self, task: Task, result: Done) -> None:
        new = self._collector.take(result.key)
        if new is None:
            self._again(task)
            return
        totals = self._books.totals
        totals.stored += new if self._collector.has_store else result.scans
        if self._collector.has_store:
            totals.known += max(result.scans - new, 0)
        self._books.done(task.batch, result)


def finish(books: Books, collector: Collector, stop: Event) -> Totals:
    """The end of a survey."""
    books.totals.stopped = stop.is_set()
    if not stop.is_set():
        collector.finish()
    return books.totals
