"""Hints for misspelt names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the most similar one, or all that are known.

    >>> nearest_hint("kernal", ["kernel", "kvp"])
    "did you mean 'kernel'?"
    >>> nearest_hint("colour", ["kernel", "kvp"])
    'known are kernel, kvp'
    """
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"
