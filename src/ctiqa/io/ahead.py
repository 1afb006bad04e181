"""Prefetch items in a separate thread: reading continues while the network runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")

AHEAD = 4
"""Number of prefetched items; more would only take memory."""

_END = object()


def ahead(items: Iterable[T], count: int = AHEAD) -> Iterator[T]:
    """The same items in the same order, with a few prefetched in a separate thread.

    Decoders and networks release the GIL, so they run in parallel.

    Args:
        items: Items to fetch; advanced by one thread only.
        count: Number of items to prefetch, >= 1.

    Yields:
        The items; an error in fetching is raised in place of the item.

    >>> list(ahead(range(5), count=2))
    [0, 1, 2, 3, 4]
    """
    source = iter(items)
    with threads(1) as reader:
        coming = deque(reader.submit(next, source, _END) for _ in range(count))
        while (item := coming.popleft().result()) is not _END:
            coming.append(reader.submit(next, source, _END))
            yield cast("T", item)


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A thread pool; leaving the block early starts nothing new and waits for no thread."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
