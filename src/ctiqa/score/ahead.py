"""Work done beforehand in threads, results in order: reading while the network is busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""Slices read before they are asked for; more would only hold memory."""

_END = object()


def ahead(items: Iterable[T], count: int = AHEAD) -> Iterator[T]:
    """The same items in the same order, a few of them fetched beforehand in a thread of their own.

    Decoding and the engines let go of Python's lock, so they run at the same time.

    Args:
        items: What to fetch; advanced by one thread only.
        count: How many are fetched beforehand, >= 1.

    Yields:
        The items; an error in fetching comes where its item would have.

    >>> list(ahead(range(5), count=2))
    [0, 1, 2, 3, 4]
    """
    source = iter(items)
    with _threads(1) as reader:
        coming = deque(reader.submit(next, source, _END) for _ in range(count))
        while (item := coming.popleft().result()) is not _END:
            coming.append(reader.submit(next, source, _END))
            yield cast("T", item)


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
    with _threads(workers) as pool:
        coming: deque[Future[R]] = deque()
        for item in items:
            coming.append(pool.submit(work, item))
            if len(coming) > workers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Some threads; whoever stops early waits for none of them, and nothing new is begun."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
