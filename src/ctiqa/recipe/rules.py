"""Rules of recipes: every one that is broken is named at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ctiqa.errors import UsageError


def rule(made: object, name: str, wanted: str, kept: Callable[[Any], bool]) -> str | None:
    """What is wrong with one field of a recipe; ``None`` where it keeps its rule."""
    value = getattr(made, name)
    return None if kept(value) else f"{name} must be {wanted}, got {value!r}"


def require_rules(*problems: str | None) -> None:
    """Raise one error that lists every problem, a line each."""
    found = [problem for problem in problems if problem is not None]
    if found:
        raise UsageError("\n".join(found))
