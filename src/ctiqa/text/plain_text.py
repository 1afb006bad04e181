"""Clean untrusted text for display: on a terminal, in a page, a file or a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNSHOWABLE = "\ufffd"
"""Replaces every character that a terminal, page or log could interpret, or cannot show."""

ELLIPSIS = "…"


def clean(text: str, limit: int | None = None) -> str:
    r"""Remove control characters, escape sequences, bidirectional marks and surrogates.

    Args:
        text: Text from a file, a header or a path.
        limit: Maximum length in characters; ``None`` is unlimited.

    Returns:
        The text with unprintable characters replaced, cut to ``limit`` with an ellipsis.

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
    r"""Clean every text in plain values (dicts, lists, texts, numbers).

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
