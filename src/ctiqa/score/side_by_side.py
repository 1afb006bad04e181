"""Work done in threads, results in order: reading while the network is busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from ctiqa.io.ahead import threads

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Work on several items at the same time; results in the order of the items.

    Args:
        work: What is done with an item; must let go of Python's lock to gain anything.
        items: Advanced by the caller's thread, at most ``workers`` + 1 ahead of what is yielded:
            one waits, so that nobody idles while an earlier one takes longer.
        workers: Items worked on at a time, >= 1.

    Yields:
        One result an item; an error comes where its result would have.

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
