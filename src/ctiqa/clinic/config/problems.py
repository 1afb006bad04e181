"""What is wrong with a configuration, in sentences: place, rule, value and remedy.

A value is only quoted where it is a number or one of a list of words: everything else could be a
password in the wrong place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.config.structure import key_at, kinds_of, names_at
from ctiqa.text.nearest import nearest_hint
from ctiqa.text.plain_text import clean

Where = tuple[int | str, ...]

MOST_SHOWN = 64
"""Longest name or value that is quoted, in characters."""

PATTERNS = {r"^[\w.@-]{1,64}$": "1 to 64 letters, digits, and the characters _ . @ -"}
"""What a text must consist of, by the pattern of its key."""

KINDS_OF_VALUES = (
    (bool, "true or false"),
    (str, "text"),
    ((int, float), "a number"),
    (list, "a list"),
    (dict, "a table"),
)
"""What a value is; the first that fits counts."""

RULES: Mapping[str, str] = {
    "string_type": "must be text in quotes",
    "is_instance_of": "must be the absolute path of a file or folder, in quotes",
    "float_type": "must be a number without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list in square brackets",
}
"""Rules on types, by pydantic's name of the problem."""

RANGES: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("must be at least {}", "ge"),
    "greater_than": ("must be more than {}", "gt"),
    "less_than_equal": ("must be at most {}", "le"),
    "less_than": ("must be less than {}", "lt"),
}
"""Rules on sizes, with the name of their limit."""


def sentence(error: ErrorDetails) -> str:
    """A problem in one line.

    Args:
        error: What pydantic says of it.
    """
    where = error["loc"]
    explain = _SPECIAL.get(error["type"], _of_a_value)
    return f"{place(where)}: {explain(error, where)}"


def place(where: Where) -> str:
    """Where something is in the file; tables of a list are counted from 1.

    >>> place(("send", 1, "dicom", "port")), place(())
    ('send[2].port', 'the file')
    """
    text = ""
    for n, part in enumerate(where):
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif not _is_kind(where[:n], part):
            text += f".{clean(part, MOST_SHOWN)}" if text else clean(part, MOST_SHOWN)
    return text or "the file"


def _is_kind(before: Where, part: str) -> bool:
    """Whether pydantic has put the kind of a table into its place."""
    key = key_at(before, Config) if before and isinstance(before[-1], int) else None
    return key is not None and any(part in kinds_of(each) for each in key.sections)


def _of_a_value(error: ErrorDetails, where: Where) -> str:
    kind, given = error["type"], error["input"]
    if rule := RANGES.get(kind):
        text, limit = rule
        return f"{text.format(_number(error['ctx'][limit]))}, got {_number(given)}"
    if rule_of_type := RULES.get(kind):
        return f"{_bracketed(where) or rule_of_type}, got {_described(given)}"
    return clean(error["msg"].removeprefix("Value error, "), 400)


def _bracketed(where: Where) -> str | None:
    """The remedy for a wrong number of brackets."""
    key = key_at(where, Config)
    if key is None or not key.sections:
        return None
    name = _header(where)
    if key.shape == "tables":
        return f"must be written [[{name}]] with two brackets, once for each"
    return f"must be one table, written [{name}] with one bracket"


def _header(where: Where) -> str:
    return ".".join(clean(part, MOST_SHOWN) for part in where if isinstance(part, str))


def _unknown(_error: ErrorDetails, where: Where) -> str:
    hint = nearest_hint(clean(str(where[-1]), MOST_SHOWN), names_at(where[:-1], Config))
    return f"there is no such key; {hint}"


def _whole(error: ErrorDetails, _where: Where) -> str:
    given = error["input"]
    got = _number(given) if isinstance(given, float) else _described(given)
    return f"must be a whole number without quotes, got {got}"


def _missing(_error: ErrorDetails, where: Where) -> str:
    key = key_at(where, Config)
    meaning = "" if key is None else f" ({key.meaning.rstrip('.')})"
    return f"is missing; write {clean(str(where[-1]), MOST_SHOWN)} = …{meaning}"


def _kind(error: ErrorDetails, where: Where) -> str:
    key = key_at(where, Config)
    known = [] if key is None else [kind for each in key.sections for kind in kinds_of(each)]
    rule = f"'kind' must be one of {', '.join(known)}"
    given = error["input"].get("kind")
    return rule if given is None else f"{rule}, got {_quoted(given)}"


def _choice(error: ErrorDetails, where: Where) -> str:
    key = key_at(where, Config)
    choices = key.choices if key is not None else ()
    return f"must be one of {', '.join(choices)}, got {_quoted(error['input'])}"


def _table(error: ErrorDetails, where: Where) -> str:
    return f"{_bracketed(where) or 'must be a table'}, got {_described(error['input'])}"


def _short(_error: ErrorDetails, _where: Where) -> str:
    return "must not be empty; state at least one"


def _not_finite(_error: ErrorDetails, _where: Where) -> str:
    return "must be a finite number, got nan or inf; leave the key out for the default"


def _pattern(error: ErrorDetails, _where: Where) -> str:
    rule = PATTERNS[error["ctx"]["pattern"]]
    return f"must consist of {rule}, got {len(error['input'])} characters"


_SPECIAL: Mapping[str, Callable[[ErrorDetails, Where], str]] = {
    "extra_forbidden": _unknown,
    "int_from_float": _whole,
    "int_type": _whole,
    "missing": _missing,
    "union_tag_invalid": _kind,
    "union_tag_not_found": _kind,
    "literal_error": _choice,
    "model_type": _table,
    "model_attributes_type": _table,
    "too_short": _short,
    "finite_number": _not_finite,
    "string_pattern_mismatch": _pattern,
}


def _quoted(value: Any) -> str:
    """A word that should be one of a list; of anything else only what it is."""
    return f"'{clean(value, MOST_SHOWN)}'" if isinstance(value, str) else _described(value)


def _described(value: Any) -> str:
    """What a value is, without the value."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return "a list of tables"
    for kind, text in KINDS_OF_VALUES:
        if isinstance(value, kind):
            return text
    return "a date or time"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else clean(str(value), MOST_SHOWN)
