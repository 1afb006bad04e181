"""Items fetched beforehand in a thread of their own: reading while the network is busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")

AHEAD = 4
"""Items fetched before they are asked for; more would only hold memory."""

_END = object()


def ahead(items: Iterable[T], count: int = AHEAD) -> Iterator[T]:
    """The same items in the same order, a few of them fetched beforehand in a thread of their own.

    Decoding and the networks let go of Python's lock, so they run at the same time.

    Args:
        items: What to fetch; advanced by one thread only.
        count: How many are fetched beforehand, >= 1.

    Yields:
        The items; an error in fetching comes where its item would have.

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
    """Some threads; whoever stops early waits for none of them, and nothing new is begun."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
