"""Parallel work in threads with results in order: reading continues while the network runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from ctiqa.io.ahead import threads

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Apply a function to several items in parallel; yield results in the order of the items.

    Args:
        work: Function of one item; it must release the GIL to gain speed.
        items: Advanced by the caller's thread, at most ``workers`` + 1 items ahead of the results:
            one waits, so that no thread idles while an earlier item takes longer.
        workers: Items processed in parallel, >= 1.

    Yields:
        One result per item; an error is raised in place of the result.

    >>> list(side_by_side(abs, [-1, 2, -3], workers=2))
    [1, 2, 3]
    """
    if workers == 1:
        yield from map(work, items)
        return
    with threads(workers) as pool:
        coming: deque[Future[R]] = deque()
        for item in items:
            coming.append(pool.submit(work, item))
            if len(coming) > workers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
