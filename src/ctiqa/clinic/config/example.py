"""The example of a configuration, made from the sections, so that it is never out of date."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.example_values import BY_SECTION, FOR_ALL, INSTEAD
from ctiqa.clinic.config.section import Section
from ctiqa.clinic.config.structure import Key, keys_of, kinds_of, summary_of

WIDTH = 98

DEFAULT, OPTIONAL = "#", "##"
"""Marks of a line with the default of a key, and of one that is an example."""

HEAD = """\
# Configuration of 'ctiqa listen' and 'ctiqa serve'. Check it with: ctiqa config check FILE
#
# A line that begins with # and a key shows the default: remove the # to change it. A line that
# begins with ## is an example of what is absent by default: remove both, and the ## of the table
# it belongs to.
"""

UNITS = {
    "seconds": "seconds",
    "hours": "hours",
    "days": "days",
    "hour": "messages",
    "megabytes": "megabytes",
    "gigabytes": "gigabytes",
}
"""Unit by the last word of a key."""


def example() -> str:
    r"""A complete configuration in which everything is commented.

    >>> "\n[listen]\n" in example(), '\n#port = 11112\n' in example()
    (True, True)
    """
    blocks = [HEAD]
    for key in keys_of(Config):
        blocks += _tables(key, key.name)
    return "\n".join(blocks)


def _tables(key: Key, name: str) -> Iterator[str]:
    """The table of a key, or one for each kind that it may have; then the tables in it."""
    for section in key.sections:
        is_optional = key.shape == "tables" or key.is_optional
        mark = OPTIONAL if is_optional else ""
        head = f"[[{name}]]" if key.shape == "tables" else f"[{name}]"
        lines = [*_comment(key.meaning), *_summary(section, key), f"{mark}{head}"]
        for each in sorted(keys_of(section), key=_rank):
            if not each.sections:
                lines += _value(section, each, is_optional=is_optional)
        yield "\n".join(lines) + "\n"
        for each in keys_of(section):
            if each.sections:
                yield from _tables(each, f"{name}.{each.name}")


def _rank(key: Key) -> tuple[bool, bool]:
    """Order of keys: the kind, what is required, the rest."""
    return key.name != "kind", not key.field.is_required()


def _summary(section: type[Section], key: Key) -> list[str]:
    """What a section says of itself, if the key does not say the same."""
    summary = summary_of(section)
    is_same = key.meaning.startswith(summary.rstrip("."))
    return [] if is_same else _comment(summary)


def _value(section: type[Section], key: Key, *, is_optional: bool) -> list[str]:
    """A key with its comment."""
    default = key.field.get_default()
    is_example = is_optional or default is None
    value = _example_of(section, key) if is_example else default
    note = "; ".join(filter(None, [_rule(key), _default(key), _instead(section, key)]))
    mark = OPTIONAL if is_example else DEFAULT
    return [*_meaning(key), *_comment(f"  {note}"), f"{mark}{key.name} = {_toml(value)}"]


def _meaning(key: Key) -> list[str]:
    """The meaning of a key; that of a kind without a choice is its table."""
    is_fixed = key.name == "kind" and len(key.choices) == 1
    text = "Which kind of table this is." if is_fixed else key.meaning
    return _comment(text.replace("None for", "absent:"))


def _example_of(section: type[Section], key: Key) -> Any:
    """The value of an example; the default where the table has none of its own."""
    if key.name == "kind":
        return kinds_of(section)[0]
    own = BY_SECTION.get(section.__name__, {})
    default = key.field.get_default()
    if key.name in own:
        return own[key.name]
    return FOR_ALL[key.name] if key.field.is_required() or default is None else default


def _default(key: Key) -> str:
    if key.field.is_required():
        return "required"
    default = key.field.get_default()
    return "absent by default" if default is None else f"default {_toml(default)}"


def _instead(section: type[Section], key: Key) -> str:
    other = INSTEAD.get(key.name)
    return f"instead of '{other}'" if other in section.model_fields else ""


def _rule(key: Key) -> str:
    """Type, unit and range, or the texts that are allowed."""
    if key.choices:
        listed = ", ".join(f'"{each}"' for each in key.choices)
        return f"one or more of {listed}" if key.shape == "list" else f"one of {listed}"
    if key.shape == "list":
        return "list of texts"
    unit = UNITS.get(key.name.rpartition("_")[2], "")
    kind = f"{_type(key)} of {unit}" if unit else _type(key)
    return ", ".join(filter(None, [kind, _range(key)]))


def _type(key: Key) -> str:
    types = {bool: "true or false", int: "whole number", float: "number", Path: "absolute path"}
    kinds = str(key.field.annotation)
    for kind, text in types.items():
        if key.field.annotation is kind or f"{kind.__module__}.{kind.__name__}" in kinds:
            return text
    return "text"


def _range(key: Key) -> str:
    limits = {
        name: getattr(part, name)
        for part in key.field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(part, name)
    }
    if "ge" in limits and "le" in limits:
        return f"{limits['ge']} to {limits['le']}"
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return ", ".join(f"{words[name]} {limit}" for name, limit in limits.items())


def _comment(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text.strip(),
        WIDTH,
        initial_indent=f"# {indent}",
        subsequent_indent=f"# {indent}",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _toml(value: Any) -> str:
    """A value as TOML; texts of JSON are texts of TOML."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
    return json.dumps(str(value), ensure_ascii=False)
