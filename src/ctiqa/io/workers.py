"""Ordered work in a few processes, with bounded memory, that survives a crash."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.context import BaseContext
from types import ModuleType
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_hiding = threading.Lock()
"""One thread at a time hides the script, or another would restore the wrong one."""

PRELOADED = ["ctiqa.io.worker_preload"]
"""Imported once by the fork server, so that a new worker starts at once."""


def in_order(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    lost: Callable[[Item], Result],
    *,
    jobs: int,
    ahead: int,
) -> Iterator[Result]:
    """Apply a task to items in worker processes and yield the results in order.

    Workers never run the script that asked for them, so it needs no main guard. Where processes
    cannot be started, the work is done here.

    Args:
        task: Function at the top level of a module; it must not raise.
        items: What to work on; drawn only as far as needed.
        lost: Gives the result of an item whose worker died.
        jobs: Number of processes, at least 1.
        ahead: Number of results, finished or in work, that are held at most; at least 1.

    Yields:
        One result an item, in the order of the items.
    """
    workers = _Workers(task, jobs)
    try:
        if workers.start():
            yield from _in_order(workers, iter(items), lost, ahead)
        else:
            yield from map(task, items)
    finally:
        workers.stop()


def _in_order(
    workers: _Workers[Item, Result],
    source: Iterator[Item],
    lost: Callable[[Item], Result],
    ahead: int,
) -> Iterator[Result]:
    """Keep the workers busy up to ``ahead`` items before the one that is awaited."""
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    while True:
        for item in islice(source, ahead - len(waiting)):
            waiting.append((item, workers.submit(item)))
        if not waiting:
            return
        item, future = waiting.popleft()
        try:
            result = future.result()
        except BrokenProcessPool:
            # The pool does not say whose fault it was: the first item in line is tried alone,
            # and the others, if innocent, get their turn to be first.
            result = workers.alone(item, lost)
            waiting = deque((other, workers.again(other, late)) for other, late in waiting)
        yield result


class _Workers(Generic[Item, Result]):
    """A pool of processes that is replaced after one of them died."""

    def __init__(self, task: Callable[[Item], Result], jobs: int) -> None:
        self._task = task
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None

    def start(self) -> bool:
        """Whether processes can be started at all."""
        self._pool = _pool(self._jobs)
        try:
            _submit(self._pool, _ready).result()
        except (BrokenProcessPool, OSError):
            return False
        return True

    def submit(self, item: Item) -> Future[Result]:
        """Queue an item; on a broken pool, the future says so."""
        if self._pool is None:
            self._pool = _pool(self._jobs)
        try:
            return _submit(self._pool, self._task, item)
        except BrokenProcessPool as error:
            future: Future[Result] = Future()
            future.set_exception(error)
            return future

    def again(self, item: Item, future: Future[Result]) -> Future[Result]:
        """Keep a result that was finished before the pool broke; queue the item anew otherwise."""
        finished = future.done() and not future.cancelled() and future.exception() is None
        return future if finished else self.submit(item)

    def alone(self, item: Item, lost: Callable[[Item], Result]) -> Result:
        """Work on one item in a process of its own, after the pool has died."""
        self.stop()
        with _pool(1) as pool:
            try:
                return _submit(pool, self._task, item).result()
            except BrokenProcessPool:
                return lost(item)

    def stop(self) -> None:
        """End the processes; items that nobody has begun are forgotten."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _submit(
    pool: ProcessPoolExecutor, task: Callable[..., Result], *items: object
) -> Future[Result]:
    """Queue work; a process that has to be started for it does not run the caller's script.

    A new process would import ``__main__`` again, with all that a script without main guard does;
    tasks live in modules of their own and need nothing of it.
    """
    with _hiding, _main_hidden():
        return pool.submit(task, *items)


@contextmanager
def _main_hidden() -> Iterator[None]:
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that leave Ctrl-C to this one, which ends them in good order."""
    return ProcessPoolExecutor(
        jobs,
        mp_context=_context(),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )


def _context() -> BaseContext:
    """A way to start processes that is safe beside threads: never a plain fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _ready() -> bool:
    return True
