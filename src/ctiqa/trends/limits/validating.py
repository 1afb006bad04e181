"""Plain values of a limits file, checked: every problem is listed with its place and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ctiqa.errors import DataError, bulleted, counted
from ctiqa.text.nearest import nearest_hint
from ctiqa.text.plain_text import clean
from ctiqa.trends.limits.bounds import (
    ALLOWED_SHARE,
    BOUNDS,
    CHART_SCOPE,
    DRIFTS,
    KEYS,
    LAST_DAYS,
    LEAST_SCANS,
    MOST_ALARMS,
    NAME,
    SCOPE,
)
from ctiqa.trends.limits.keys import problem_of
from ctiqa.trends.limits.limit import DEFAULT_LEAST_SCANS, Limit

TABLES = "limits"
"""Name of the list of tables."""


def limits_from(values: Mapping[str, Any], where: str = "limits") -> tuple[Limit, ...]:
    """Limits from plain values, as they are in TOML.

    Args:
        values: ``{"limits": [{"protocol": "Thorax*", "least_score": 2.5}, …]}``.
        where: What the values are from, for messages.

    Raises:
        DataError: If they break a rule; the message lists all problems.

    >>> limits_from({"limits": [{"least_scor": 5, "least_scans": 0}]})
    Traceback (most recent call last):
    ...
    ctiqa.errors.DataError: limits: 2 problems:
      limit 1: there is no key 'least_scor'; did you mean 'least_score'?
      limit 1: 'least_scans' must be a whole number from 1 to 1000000, got 0
    """
    problems = list(_outer(values))
    tables = _tables(values)
    for number, table in enumerate(tables, 1):
        problems += [f"{_place(number, table)}: {each}" for each in _inner(table)]
    if not problems:
        limits = [_limit(number, table) for number, table in enumerate(tables, 1)]
        problems += _contradictions(limits)
    if problems:
        raise DataError(bulleted(f"{where}: {counted(problems)}:", problems))
    return tuple(limits)


def _tables(values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    tables = values.get(TABLES)
    whole = isinstance(tables, list) and all(isinstance(each, Mapping) for each in tables)
    return tables if whole and tables else []


def _outer(values: Mapping[str, Any]) -> Iterator[str]:
    for key in values:
        if key != TABLES:
            inside = "; write it below a line [[limits]]" if key in KEYS else ""
            hint = inside or f"; {nearest_hint(key, [TABLES])}"
            yield f"there is no key '{clean(key, 40)}'{hint}"
    if not _tables(values):
        yield "there must be one or more tables; begin each with a line [[limits]]"


def _place(number: int, table: Mapping[str, Any]) -> str:
    name = table.get(NAME)
    return f"limit {number}" + (f" ('{clean(name, 40)}')" if isinstance(name, str) else "")


def _inner(table: Mapping[str, Any]) -> Iterator[str]:
    """Problems of one table: of its keys, and of what they do together."""
    problems = [problem for key, value in table.items() if (problem := problem_of(key, value))]
    yield from problems
    charted = [key for key in (*DRIFTS, MOST_ALARMS) if key in table]
    bounded = [key for key in BOUNDS if key in table]
    if charted:
        yield from _not_charted(charted[0], table)
    if charted or bounded:
        yield from _without_effect(table, bounded)
    elif not problems:
        yield "it limits nothing; add a key such as least_score or most_noise_drift"


def _not_charted(key: str, table: Mapping[str, Any]) -> Iterator[str]:
    for narrow in SCOPE:
        if narrow in table and narrow not in CHART_SCOPE:
            yield (
                f"{key!r} cannot be limited by {narrow}: charts are made by protocol and scanner; "
                "write it in a table of its own"
            )


def _without_effect(table: Mapping[str, Any], bounded: Sequence[str]) -> Iterator[str]:
    if ALLOWED_SHARE in table and not bounded:
        yield f"{ALLOWED_SHARE!r} has no effect without a limit of scans, such as least_score"
    if LEAST_SCANS in table and ALLOWED_SHARE not in table and not set(DRIFTS) & set(table):
        yield f"{LEAST_SCANS!r} has no effect without {ALLOWED_SHARE} or a drift"


def _limit(number: int, table: Mapping[str, Any]) -> Limit:
    scope = {
        key: tuple(value if isinstance(value, list) else [value])
        for key in SCOPE
        if (value := table.get(key)) is not None
    }
    return Limit(
        name=clean(table.get(NAME, f"limit {number}")),
        scope=scope,
        bounds={key: float(table[key]) for key in BOUNDS if key in table},
        drifts={key: float(table[key]) for key in DRIFTS if key in table},
        most_alarms=table.get(MOST_ALARMS),
        allowed_share=table.get(ALLOWED_SHARE),
        least_scans=table.get(LEAST_SCANS, DEFAULT_LEAST_SCANS),
        last_days=table.get(LAST_DAYS),
    )


def _contradictions(limits: Sequence[Limit]) -> Iterator[str]:
    """Names that are used twice, and limits for the same scans that no value can keep."""
    for one, other in combinations(limits, 2):
        if one.name == other.name:
            yield f"two limits are named '{one.name}'; choose another name"
    pairs = [(each, each) for each in limits]
    pairs += [pair for pair in combinations(limits, 2) if pair[0].scope == pair[1].scope]
    for one, other in pairs:
        yield from _impossible(one, other)
        if one is not other:
            yield from _impossible(other, one)


def _impossible(one: Limit, other: Limit) -> Iterator[str]:
    for key, least in one.bounds.items():
        opposite = key.replace("least_", "most_")
        most = other.bounds.get(opposite)
        if key != opposite and most is not None and least > most:
            places = one.name if one is other else f"{one.name} and {other.name}"
            yield (
                f"{places}: no scan can keep {key} = {least:g} and {opposite} = {most:g}; "
                "swap them, or change one"
            )
