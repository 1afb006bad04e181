"""Ordered work in a few processes, with bounded memory, that survives a crash."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ctiqa.io.processes.process import LostError
from ctiqa.io.processes.staff import STAFF, start_workers

OrderedItem = TypeVar("OrderedItem")
OrderedResult = TypeVar("OrderedResult")


def apart(
    task: Callable[[OrderedItem], OrderedResult],
    item: OrderedItem,
    lost: Callable[[OrderedItem], OrderedResult],
    *,
    cpu_s: float,
) -> OrderedResult:
    """Apply a task to one item in a process of its own.

    Args:
        task: Function at the top level of a module.
        item: What to work on.
        lost: Gives the result if the process crashes or takes too long.
        cpu_s: Processor time the task may take, in seconds.

    Raises:
        ProcessError: If no process can be started.
    """
    try:
        with STAFF.taken() as process:
            return process.call(task, item, cpu_s)
    except LostError:
        return lost(item)


def in_order(
    task: Callable[[OrderedItem], OrderedResult],
    items: Iterable[OrderedItem],
    lost: Callable[[OrderedItem], OrderedResult],
    *,
    jobs: int,
    ahead: int,
    cpu_s: float,
) -> Iterator[OrderedResult]:
    """Apply a task to items in other processes and yield the results in order.

    The processes never run the script that asked for them, so it needs no main guard.

    Args:
        task: Function at the top level of a module.
        items: What to work on; drawn only as far as needed.
        lost: Gives the result of an item whose process crashed or took too long.
        jobs: Number of processes, at least 1.
        ahead: Number of results, finished or in work, that are held at most; at least 1.
        cpu_s: Processor time that one item may take, in seconds.

    Yields:
        One result an item, in the order of the items.

    Raises:
        ProcessError: If no process can be started.
    """
    source = iter(items)
    start_workers(jobs)
    # One thread waits for each process; it takes no part in the work.
    hands = ThreadPoolExecutor(jobs)
    waiting: deque[Future[OrderedResult]] = deque()
    try:
        while True:
            for item in islice(source, ahead - len(waiting)):
                waiting.append(hands.submit(apart, task, item, lost, cpu_s=cpu_s))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        hands.shutdown(cancel_futures=True)
