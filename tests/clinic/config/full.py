"""A configuration with every key, from the example."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from ctiqa.clinic.config.example import example
from ctiqa.clinic.config.example_values import INSTEAD

Place = tuple[str | int, ...]


def uncommented(mark: str) -> dict[str, Any]:
    """The example with the lines of a mark, ``#`` or ``##``, in use."""
    text = re.sub(rf"^{mark}(?=[\[a-z])", "", example(), flags=re.MULTILINE)
    return tomllib.loads(text)


def full() -> dict[str, Any]:
    """Every key of the file with a valid value, except those that another one replaces."""
    values = uncommented("#{1,2}")
    # An SQLite file has no password.
    values["store"]["address"] = "postgresql://ctiqa@db.example.org/ct"
    for table in tables(values):
        for key, other in INSTEAD.items():
            if other in table:
                table.pop(key, None)
    return values


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """All tables in a value."""
    if isinstance(value, dict):
        yield value
    inside = value.values() if isinstance(value, dict) else value
    for each in inside if isinstance(value, dict | list) else ():
        yield from tables(each)


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Places of all values that are neither tables nor lists of tables."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, key))
    elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
        for n, inner in enumerate(value):
            yield from places(inner, (*place, n))
    else:
        yield place


def put(values: Any, place: Place, value: Any) -> None:
    """Replace the value at a place."""
    for part in place[:-1]:
        values = values[part]
    values[place[-1]] = value
