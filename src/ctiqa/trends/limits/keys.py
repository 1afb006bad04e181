"""The rule of every key of a limit, taken by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ctiqa.text.nearest import nearest_hint
from ctiqa.text.plain_text import clean
from ctiqa.trends.limits.bounds import (
    ALLOWED_SHARE,
    BOUNDS,
    DRIFT_RANGE,
    DRIFTS,
    KEYS,
    LAST_DAYS,
    LEAST_SCANS,
    MISLEADING,
    MOST_ALARMS,
    NAME,
    SCOPE,
)

MOST_TEXT = 200
"""Longest name and pattern, in characters."""

MOST_COUNT = 10**6
"""Largest number of scans and alarms."""

MOST_DAYS = 36500
"""Largest number of days: a century."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What the value of a key must be.

    Attributes:
        wanted: The rule in words.
        kept: Whether a value keeps it.
    """

    wanted: str
    kept: Callable[[Any], bool]


def problem_of(key: str, value: Any) -> str | None:
    """The problem with one key of a limit, or ``None``.

    >>> problem_of("least_score", 7)
    "'least_score' must be a number from 0 to 4, got 7"
    >>> problem_of("least_reserve", 0.5)
    "there is no key 'least_reserve'; use 'most_dose_reserve'"
    """
    rule = _RULES.get(key)
    if rule is None:
        meant = MISLEADING.get(key)
        remedy = f"use {meant!r}" if meant else nearest_hint(key, KEYS)
        return f"there is no key '{clean(key, 40)}'; {remedy}"
    return None if rule.kept(value) else f"{key!r} must be {rule.wanted}, got {_shown(value)}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MOST_TEXT


def _are_patterns(value: Any) -> bool:
    patterns = value if isinstance(value, list) else [value]
    return bool(patterns) and all(map(_is_text, patterns))


def _number(low: float, high: float) -> KeyRule:
    def kept(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and low <= value <= high  # not for NaN

    return KeyRule(f"a number from {low:g} to {high:g}", kept)


def _count(low: int, high: int) -> KeyRule:
    def kept(value: Any) -> bool:
        is_count = isinstance(value, int) and not isinstance(value, bool)
        return is_count and low <= value <= high

    return KeyRule(f"a whole number from {low} to {high}", kept)


_RULES: Mapping[str, KeyRule] = {
    NAME: KeyRule(f"a text of at most {MOST_TEXT} characters", _is_text),
    **dict.fromkeys(SCOPE, KeyRule('a pattern such as "Thorax*", or a list', _are_patterns)),
    **{key: _number(bound.low, bound.high) for key, bound in BOUNDS.items()},
    **dict.fromkeys(DRIFTS, _number(*DRIFT_RANGE)),
    ALLOWED_SHARE: _number(0, 0.99),
    LEAST_SCANS: _count(1, MOST_COUNT),
    LAST_DAYS: _count(1, MOST_DAYS),
    MOST_ALARMS: _count(0, MOST_COUNT),
}


def _shown(value: Any) -> str:
    try:
        return clean(repr(value), 60)
    except ValueError:  # thousands of digits
        return "a very long number"
