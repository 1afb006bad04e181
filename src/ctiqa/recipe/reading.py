"""Read recipes from TOML strictly; every unknown key, wrong type and bad value is listed."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from ctiqa.errors import UsageError, bulleted, counted
from ctiqa.recipe.data import SOURCES, DataRecipe, Mode
from ctiqa.recipe.network import NETWORK_KINDS, NetworkRecipe
from ctiqa.recipe.old_names import OldNameWarning, modern
from ctiqa.recipe.published import as_published, published_by
from ctiqa.recipe.whole import Recipe
from ctiqa.text.strict_json import decoded

T = TypeVar("T")

_MOST_BYTES = 1 << 20
"""Largest accepted size of a recipe, in bytes."""

_TABLES = ("data", "network", "pretrain", "teacher", "student")
"""Tables of a recipe that defects apply to."""

_SHOWN = 60
"""Characters of a bad value shown in the message."""


def read_recipe(path: Path, mode: Mode | None = None) -> Recipe:
    """Read a recipe file; mode ``as-published`` applies every defect of its system.

    Args:
        path: The file.
        mode: Mode that replaces the file's own; ``None`` keeps it.

    Raises:
        UsageError: If it cannot be read, listing every unknown key, missing key and wrong type;
            or if mode ``as-published`` is given for a system that is not published.
    """
    values = read_values(path)
    if mode is not None:
        values["mode"] = mode
    return recipe_from(values, str(path))


def read_values(path: Path) -> dict[str, Any]:
    """Read the plain values of a recipe file.

    Names of an earlier version are replaced, with an ``OldNameWarning`` that gives the new name.

    Raises:
        UsageError: If it is not TOML, or too large.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"recipe '{path}' cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"recipe '{path}' is larger than {_MOST_BYTES} bytes")
    try:
        values, notes = modern(tomllib.loads(decoded(data)))
    except RecursionError:
        raise UsageError(f"recipe '{path}' is not TOML: it is nested too deeply") from None
    # Numbers with thousands of digits and bad dates raise ValueError, the base of TOML errors.
    except ValueError as error:
        raise UsageError(f"recipe '{path}' is not TOML: {error}") from None
    for note in notes:
        warnings.warn(f"recipe '{path}': {note}", OldNameWarning, stacklevel=2)
    return values


def recipe_from(values: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """Build a recipe from plain values, strictly.

    >>> recipe_from({"name": "a", "members": "five"})
    Traceback (most recent call last):
    ctiqa.errors.UsageError: recipe: 1 problem:
      members must be int, got 'five'
    """
    problems: list[str] = []
    # Values stored in checkpoints and data sets may have names of an earlier version.
    values, _ = modern(values)
    # Defects apply to tables; values that should be tables are reported below.
    whole = all(isinstance(values[name], Mapping) for name in _TABLES if name in values)
    if whole and values.get("mode") == "as-published":
        values = as_published(values, published_by(str(values.get("system"))))
    recipe = _build(Recipe, values, "", problems)
    if recipe is None or problems:
        raise UsageError(bulleted(f"{where}: {counted(problems)}:", problems))
    return recipe


def _build(cls: type[T], values: Mapping[str, Any], prefix: str, problems: list[str]) -> T | None:
    hints = get_type_hints(cls)
    known = {f.name: f for f in fields(cast("Any", cls))}
    before = len(problems)
    problems += [f"{prefix}{name} is not a key of a recipe" for name in values if name not in known]
    problems += [f"{prefix}{n} is missing" for n, f in known.items() if _required(f, values)]
    made = {
        name: _convert(hints[name], value, prefix + name, problems)
        for name, value in values.items()
        if name in known
    }
    if len(problems) > before:
        return None
    try:
        return cls(**made)
    except UsageError as error:
        problems += [prefix + line for line in str(error).splitlines()]
        return None


def _required(f: Field[Any], values: Mapping[str, Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING and f.name not in values


def _convert(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    """Convert a value to the type of its field, or report a problem."""
    if get_origin(hint) is UnionType:
        if value is None:
            return None
        hint = get_args(hint)[0]
    if is_dataclass(hint) and isinstance(hint, type):
        return _table(hint, value, name, problems)
    if get_origin(hint) is tuple:
        return _list(hint, value, name, problems)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            problems.append(
                f"{name} must be one of {', '.join(get_args(hint))}, got {_shown(value)}"
            )
        return value
    return _plain(hint, value, name, problems)


def _plain(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    """A number, string or bool; an int is accepted as a float."""
    accepted = (int, float) if hint is float else (hint,)
    if isinstance(value, bool) == (hint is bool) and isinstance(value, accepted):
        with suppress(OverflowError):
            return hint(value)
    problems.append(f"{name} must be {hint.__name__}, got {_shown(value)}")
    return None


def _table(hint: type[Any], value: Any, name: str, problems: list[str]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(f"{name} must be a table, got {_shown(value)}")
        return None
    wanted = _variant(hint, value, name, problems) if hint in VARIANTS else hint
    return _build(wanted, value, name + ".", problems)


def _list(hint: Any, value: Any, name: str, problems: list[str]) -> Any:
    if not isinstance(value, list | tuple):
        problems.append(f"{name} must be a list, got {_shown(value)}")
        return None
    item = get_args(hint)[0]
    return tuple(_convert(item, v, f"{name}[{i}]", problems) for i, v in enumerate(value))


VARIANTS: dict[type[Any], tuple[str, str, Mapping[str, type[Any]]]] = {
    DataRecipe: ("source", "simulate", SOURCES),
    NetworkRecipe: ("kind", "stride32", NETWORK_KINDS),
}
"""Tables with variants: the key that selects one, its default, the variants."""


def _variant(
    hint: type[Any], values: Mapping[str, Any], name: str, problems: list[str]
) -> type[Any]:
    """The class of a table, selected by one of its keys."""
    key, default, kinds = VARIANTS[hint]
    kind = values.get(key, default)
    if not isinstance(kind, str) or kind not in kinds:
        problems.append(f"{name}.{key} must be one of {', '.join(kinds)}, got {_shown(kind)}")
        return hint
    return kinds[kind]


def _shown(value: Any) -> str:
    return repr(value)[:_SHOWN]
