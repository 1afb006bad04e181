"""Values in portions that fit into one query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")

CHUNK = 500
"""Number of values in one query."""


def parts(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in parts that fit into one query.

    >>> [len(part) for part in parts(range(1100))]
    [500, 500, 100]
    """
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
