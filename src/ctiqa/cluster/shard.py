"""Shards: process i of n does its part of the batches, without a scheduler."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event

from ctiqa.archive.totals import Totals
from ctiqa.cluster.batches import Place
from ctiqa.cluster.books import Books, Progress, Say, silent
from ctiqa.cluster.child import Child, DiedError, StoppedError
from ctiqa.cluster.ledger import Collector, Ledger, finish
from ctiqa.cluster.parts.shards import BEGUN, ENDED, note_shard
from ctiqa.cluster.setup import Setup, Work, score_unit
from ctiqa.cluster.tasks import Done, Task, UnitError, run_task
from ctiqa.cluster.todo import begin, tasks_to_do
from ctiqa.errors import UsageError

TRIES = 2
"""How often a process may die on one task before the task is split or given up."""

FORM = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several processes that share the work.

    Attributes:
        number: 1 for the first.
        of: Number of all.

    >>> Shard.parse("3/100")
    Shard(number=3, of=100)
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """A shard as it is typed.

        Raises:
            UsageError: If it is not I/N with 1 <= I <= N.

        >>> Shard.parse("0/4")
        Traceback (most recent call last):
        ...
        ctiqa.errors.UsageError: 'shard' must be I/N with I from 1 to N, such as 1/4, got '0/4'
        """
        found = FORM.fullmatch(text)
        if found and 1 <= int(found[1]) <= int(found[2]):
            return cls(int(found[1]), int(found[2]))
        raise UsageError(f"'shard' must be I/N with I from 1 to N, such as 1/4, got {text!r}")

    def has(self, key: str) -> bool:
        """Whether a batch falls to this shard: each batch falls to exactly one.

        >>> [Shard(n, 3).has("0" * 31 + "4") for n in (1, 2, 3)]
        [False, True, False]
        """
        return int(key, 16) % self.of == self.number - 1


def survey_shard(
    units: Iterable[Place],
    setup: Setup,
    shard: Shard,
    parts: str | os.PathLike[str],
    *,
    totals: Totals | None = None,
    jobs: int | None = None,
    progress: Progress = silent,
    say: Say = silent,
    stop: Event | None = None,
    work: Work = score_unit,
) -> Totals:
    """Score the units that fall to this shard, in a process of its own.

    All shards together score every unit once, in any order and at any time, as long as they list
    the same files. A shard that is repeated does what is missing.

    Args:
        units: All units, each with the root it was found at; the same for all shards.
        setup: How they are scored.
        shard: Which part of the work.
        parts: Folder or URL that all shards can write to.
        totals: Numbers to go on with.
        jobs: Slices that are scored at once; ``None`` takes all cores.
        progress: Called with the number of files done, and of all files of this shard.
        say: Called with a sentence about what the user should know.
        stop: Once it is set, the process is killed, and its batch is left to the next run.
        work: Scores one unit; a function of a module.

    Returns:
        What was done, in numbers; ``stored`` counts the scans in the parts.

    Raises:
        UsageError: If the parts are those of another survey.
        OutputError: If the parts cannot be written.
        ProcessError: If the process dies on everything.
    """
    job, folder = begin(setup, os.fspath(parts), None, jobs=jobs)
    note_shard(folder.place, shard.number, shard.of, BEGUN)
    books = Books(totals or Totals(), folder.privacy, progress)
    todo = deque(tasks_to_do(units, job, folder.written(), books, work=work, mine=shard.has))
    stopped = stop or Event()
    collector = Collector(folder, None, say)
    ledger = Ledger(folder, books, collector, todo.append)
    with Child(run_task, stopped) as child:
        while todo and not stopped.is_set():
            _do(todo.popleft(), child, ledger)
    ledger.close(stopped)
    if not stopped.is_set():
        note_shard(folder.place, shard.number, shard.of, ENDED)
    return finish(books, collector, stopped)


def _do(task: Task, child: Child, ledger: Ledger) -> None:
    """Do one task; a task on which the process dies is tried once more."""
    why = "the process died"
    for _ in range(TRIES):
        try:
            result: Done = child.call(task)
        except StoppedError:
            return
        except UnitError as error:
            why = str(error)
            break
        except DiedError:
            continue
        ledger.done(task, result)
        return
    ledger.died(task, why)
