"""Read the settings of an engine from TOML, strictly: every problem is listed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from ctiqa.errors import UsageError, bulleted, counted
from ctiqa.text.nearest import nearest_hint
from ctiqa.text.plain_text import clean
from ctiqa.text.strict_json import decoded

T = TypeVar("T")

MOST_BYTES = 1 << 20
"""Largest file that is read."""

CONTROL = {chr(code) for code in range(32)} | {"\x7f"}
"""No setting has these: they would add lines to a job script."""


def read_settings(path: Path, kind: type[T]) -> T:
    """Read a file into a dataclass whose fields are texts, whole numbers, flags or lists of texts.

    Args:
        path: The file.
        kind: The dataclass; it may raise ``ValueError`` for values that do not go together.

    Raises:
        UsageError: If the file cannot be read, is not TOML, lacks a key, or has an unknown key or
            a wrong value.
    """
    values = _values(path)
    problems = list(_problems(values, kind))
    if not problems:
        try:
            return kind(**{name: _frozen(value) for name, value in values.items()})
        except ValueError as error:
            problems = [str(error)]
    raise UsageError(bulleted(f"'{path}' has {counted(problems)}:", problems))


def _values(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"'{clean(str(path))}' cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"'{path}' must not be larger than {MOST_BYTES} bytes")
    try:
        return tomllib.loads(decoded(data))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"'{path}' is not TOML: {clean(str(error), 120)}") from None


def _problems(values: Mapping[str, Any], kind: type[Any]) -> Iterator[str]:
    known = {each.name: each for each in fields(cast("Any", kind))}
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name not in known:
            yield f"'{clean(name, 40)}' is not a key of it; {nearest_hint(name, known)}"
        elif not _fits(value, hints[name]):
            yield f"'{name}' must be {_named(hints[name])}, got '{clean(repr(value), 40)}'"
    yield from (f"'{name}' is missing" for name in known.keys() - values if _needed(known[name]))


def _needed(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _fits(value: object, hint: Any) -> bool:
    hint = _plain(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, list) and all(_fits(each, str) for each in value)
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is str:
        return isinstance(value, str) and bool(value.strip()) and not CONTROL & set(value)
    return isinstance(value, int) and value >= 1


def _plain(hint: Any) -> Any:
    """The type of a field that may be left out."""
    return get_args(hint)[0] if get_origin(hint) is UnionType else hint


def _named(hint: Any) -> str:
    hint = _plain(hint)
    if get_origin(hint) is tuple:
        return "a list of texts"
    return {
        bool: "true or false",
        str: "a text in one line",
        int: "a whole number of at least 1",
    }[hint]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
