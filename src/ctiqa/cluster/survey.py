"""Survey an archive with the workers of a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Event

from ctiqa.archive.totals import Totals
from ctiqa.cluster.batches import Place
from ctiqa.cluster.books import Books, Progress, Say, silent
from ctiqa.cluster.engines.address import parse_engine
from ctiqa.cluster.engines.opening import open_workers
from ctiqa.cluster.ledger import Collector, Ledger, finish
from ctiqa.cluster.setup import Setup, Work, score_unit
from ctiqa.cluster.todo import begin, tasks_to_do
from ctiqa.cluster.window import Window
from ctiqa.store.store import Store


def survey_on_cluster(
    units: Iterable[Place],
    setup: Setup,
    engine: str,
    parts: str | os.PathLike[str],
    *,
    store: Store | None = None,
    totals: Totals | None = None,
    progress: Progress = silent,
    say: Say = silent,
    stop: Event | None = None,
    insecure: bool = False,
    work: Work = score_unit,
) -> Totals:
    """Score units with dask, one batch after the other, on as many workers as there are.

    Every batch is written to a file of its own, once and as a whole, so any process may die at any
    moment: the same call goes on with the rest. A unit that kills its workers is skipped as
    ``crashed``.

    Args:
        units: What is to be scored, each with the root it was found at. Nothing is taken from it
            before results of an earlier survey are stored.
        setup: How it is scored.
        engine: ``local``, ``local:N``, ``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``tls:FILE.toml``,
            ``slurm:FILE.toml`` or ``kubernetes:FILE.toml``.
        parts: Folder or URL that all workers can write to.
        store: Gets the results as they come, and the files are removed; ``None`` leaves them for
            :func:`ctiqa.cluster.merge_parts`.
        totals: Numbers to go on with; those of units that were done before are added as unchanged.
        progress: Called with the number of files done, and of all files.
        say: Called with a sentence about what the user should know.
        stop: Once it is set, no further batch is begun and none is waited for.
        insecure: Whether a connection to another computer may do without TLS.
        work: Scores one unit; a function of a module that workers can import.

    Returns:
        What was done, in numbers; ``stored`` counts the scans in the parts if there is no store.

    Raises:
        UsageError: If the engine or the parts break a rule, an extra is missing, or the workers
            have other versions.
        OutputError: If the scheduler, the parts or the store cannot be reached or written.
        ProcessError: If workers die on everything.
    """
    chosen = parse_engine(engine, insecure=insecure)
    job, folder = begin(setup, os.fspath(parts), store)
    books = Books(totals or Totals(), folder.privacy, progress)
    collector = Collector(folder, store, say)
    books.totals.stored += collector.leftovers()
    todo = tasks_to_do(units, job, folder.written(), books, work=work)
    stopped = stop or Event()
    if todo and not stopped.is_set():
        with open_workers(chosen) as workers:
            window = Window(workers, iter(todo), stopped, say)
            ledger = Ledger(folder, books, collector, window.again)
            for task, result in window.results(ledger.died):
                ledger.done(task, result)
            ledger.close(stopped)
    return finish(books, collector, stopped)
