"""Text from outside, made fit to be shown: on a terminal, in a page, in a file, in a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNSHOWABLE = "\ufffd"
"""Stands for every character that a terminal, a page or a log could obey, or cannot show."""

ELLIPSIS = "…"


def clean(text: str, limit: int | None = None) -> str:
    r"""Text without control characters, escape sequences, bidirectional marks and surrogates.

    Args:
        text: Text from a file, a header or a path.
        limit: Longest text returned, in characters; ``None`` keeps all of it.

    Returns:
        The text with every unprintable character replaced, cut to ``limit`` with an ellipsis.

    >>> clean("B40f\x1b[31m")
    'B40f\ufffd[31m'
    >>> clean("abdomen\u202ecod.exe", limit=8)
    'abdomen…'
    """
    shown = text if text.isprintable() else "".join(map(_shown, text))
    if limit is None or len(shown) <= limit:
        return shown
    return shown[: limit - len(ELLIPSIS)] + ELLIPSIS


def clean_tree(value: Any) -> Any:
    r"""Plain values (dicts, lists, texts, numbers) with every text in them cleaned.

    >>> clean_tree({"kernel": ["B40f\x1b[31m"], "kvp": 120})
    {'kernel': ['B40f\ufffd[31m'], 'kvp': 120}
    """
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean_tree(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean_tree(inner) for inner in value]
    return value


def _shown(char: str) -> str:
    return char if char.isprintable() else UNSHOWABLE
