"""Many problems in one message, none of them hidden and none of them flooding the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOST_SHOWN = 8
"""Examples of one problem that are named; the others are counted."""


def some(names: Iterable[object], most: int = MOST_SHOWN) -> str:
    """The first names of many, and how many more there are.

    >>> some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    listed = [str(name) for name in names]
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")


def bulleted(head: str, problems: Sequence[str]) -> str:
    r"""A message that lists problems line by line.

    >>> bulleted("no:", ["a", "b"])
    'no:\n  a\n  b'
    """
    return "\n  ".join([head, *problems])
