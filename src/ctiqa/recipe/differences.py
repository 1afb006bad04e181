"""Differences between two recipes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a recipe with dotted keys.

    >>> flat({"name": "a", "members": 5, "data": {"seed": 1}})
    {'name': 'a', 'members': 5, 'data.seed': 1}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        inner = value.items() if isinstance(value, Mapping) else ()
        found |= {f"{key}.{name}": each for name, each in inner} or {key: value}
    return found


def differing_keys(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Dotted keys whose values differ, or that only one recipe has.

    >>> differing_keys({"data": {"seed": 1, "folds": 5}}, {"data": {"seed": 2, "folds": 5}})
    ['data.seed']
    """
    a, b = flat(one), flat(other)
    return [key for key in {**a, **b} if a.get(key) != b.get(key)]
