"""Rules of recipes; all broken rules are reported together."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ctiqa.errors import UsageError


def rule(made: object, name: str, wanted: str, kept: Callable[[Any], bool]) -> str | None:
    """The problem with one field of a recipe; ``None`` if it keeps its rule."""
    value = getattr(made, name)
    return None if kept(value) else f"{name} must be {wanted}, got {value!r}"


def is_run_name(text: str) -> bool:
    """Whether a text can name a run: a file name of letters, digits, '.', '_' and '-'.

    >>> is_run_name("ctiqa-s4"), is_run_name("../elsewhere")
    (True, False)
    """
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) is not None


def require_rules(*problems: str | None) -> None:
    """Raise one error that lists every problem, one per line."""
    found = [problem for problem in problems if problem is not None]
    if found:
        raise UsageError("\n".join(found))
