"""Parallel work in processes: ordered, with bounded memory, robust to crashes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ctiqa.io.processes.process import LostError
from ctiqa.io.processes.worker_pool import WORKERS, start_workers

OrderedItem = TypeVar("OrderedItem")
OrderedResult = TypeVar("OrderedResult")


def apart(
    task: Callable[[OrderedItem], OrderedResult],
    item: OrderedItem,
    lost: Callable[[OrderedItem], OrderedResult],
    *,
    cpu_s: float,
) -> OrderedResult:
    """Apply a task to one item in a separate process.

    Args:
        task: Function at the top level of a module.
        item: Argument of the task.
        lost: Returns the result if the process crashes or takes too long.
        cpu_s: Processor time limit of the task, in seconds.

    Raises:
        ProcessError: If no process can be started.
    """
    try:
        with WORKERS.acquire() as process:
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

    The processes never run the main script, so it needs no main guard.

    Args:
        task: Function at the top level of a module.
        items: Arguments of the task; consumed only as far as needed.
        lost: Returns the result of an item whose process crashed or took too long.
        jobs: Number of processes, at least 1.
        ahead: Maximum number of results, finished or in progress; at least 1.
        cpu_s: Processor time limit per item, in seconds.

    Yields:
        One result per item, in the order of the items.

    Raises:
        ProcessError: If no process can be started.
    """
    source = iter(items)
    start_workers(jobs)
    # Each thread only waits for one process.
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
