"""Conditions on the facts of scans, as users type them: ``protocol=Thorax*``, ``kvp<=100``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, Literal

from ctiqa.errors import UsageError
from ctiqa.text.nearest import nearest_hint
from ctiqa.text.plain_text import clean

Kind = Literal["text", "number", "day"]

Value = str | float | date

FORMS = "KEY=GLOB, KEY!=GLOB, KEY<=NUMBER, KEY>=NUMBER, KEY<NUMBER or KEY>NUMBER"

OR = "|"
"""Separates alternatives; no text of a header that ctiqa keeps has this character."""

_FORM = re.compile(r"\s*([^\s=!<>]+)\s*(<=|>=|!=|=|<|>)(.*)", re.DOTALL)

_WILD = {"*": ".*", "?": "."}

_ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}

_KINDS: Mapping[str, Kind] = {
    "String": "text",
    "Double": "number",
    "Integer": "number",
    "Date": "day",
}
"""Kinds of columns that can be compared; others (JSON, points in time) cannot."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one fact of a scan; made by :func:`parse_condition`.

    Attributes:
        key: Name of the fact, a column of ``Store.scans()``.
        kind: Whether it is text, a number or a day.
        sign: How it is compared: ``=``, ``!=``, ``<=``, ``>=``, ``<`` or ``>``.
        values: What it is compared with; for ``=`` and ``!=`` alternatives. The empty text stands
            for an unknown value.
    """

    key: str
    kind: Kind
    sign: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        """The condition as it is typed, the shortest way.

        >>> str(parse_condition(" kvp <= 100.0 "))
        'kvp<=100'
        """
        shown = (f"{v:.12g}" if isinstance(v, float) else str(v) for v in self.values)
        return f"{self.key}{self.sign}{OR.join(shown)}"

    def holds(self, facts: Mapping[str, object]) -> bool:
        """Whether a scan fulfils the condition.

        Args:
            facts: Facts of the scan by key; a key that is absent, ``None`` and NaN are unknown.

        >>> condition = parse_condition("kernel!=B7*")
        >>> [condition.holds(each) for each in ({"kernel": "B70s"}, {"kernel": "B30f"}, {})]
        [False, True, True]
        """
        fact = facts.get(self.key)
        known = not (fact is None or (isinstance(fact, float) and math.isnan(fact)))
        if self.sign in _ORDERS:
            return known and bool(_ORDERS[self.sign](fact, self.values[0]))
        equal = any(self._matches(fact if known else None, value) for value in self.values)
        return equal is (self.sign == "=")

    def expression(self) -> Any:
        """The condition as an expression of polars, for a frame of ``Store.scans()``."""
        import polars  # noqa: PLC0415 - optional

        column = polars.col(self.key)
        if self.kind == "number":
            column = column.fill_nan(None)
        if self.sign in _ORDERS:
            return _ORDERS[self.sign](column, self.values[0]).fill_null(value=False)
        equal = polars.any_horizontal(*(self._equals(column, value) for value in self.values))
        return equal if self.sign == "=" else ~equal

    def _matches(self, fact: object, value: Value) -> bool:
        if fact is None or value == "":
            return fact is None and value == ""
        if isinstance(value, str):
            return re.fullmatch(_pattern(value), str(fact)) is not None
        return fact == value

    def _equals(self, column: Any, value: Value) -> Any:
        if value == "":
            return column.is_null()
        if not isinstance(value, str):
            return (column == value).fill_null(value=False)
        text = column.dt.strftime("%Y-%m-%d") if self.kind == "day" else column
        return text.str.contains(f"^(?:{_pattern(value)})$").fill_null(value=False)


def parse_condition(text: str, keys: Mapping[str, Kind] | None = None) -> Condition:
    """Read one condition.

    Texts and days are compared with patterns, in which ``*`` stands for any characters and ``?``
    for one; capitals do not matter. Alternatives are separated by ``|``. An empty pattern stands
    for an unknown value: ``kernel=`` holds for scans without a kernel. Numbers and days can be
    compared by size; an unknown value is neither small nor large. ``!=`` is the opposite of ``=``.

    Args:
        text: ``KEY=GLOB``, ``KEY!=GLOB``, ``KEY<=NUMBER``, ``KEY>=NUMBER``, ``KEY<NUMBER`` or
            ``KEY>NUMBER``; a day (``2026-01-31``) in place of the number for keys that are days.
        keys: Facts that can be compared, with their kinds; all of :func:`scan_keys` by default.

    Raises:
        UsageError: If the form, the key or the value is wrong.

    >>> thorax = parse_condition("protocol=thorax*|Chest")
    >>> thorax.holds({"protocol": "Thorax 3 mm"}), thorax.holds({"protocol": "Abdomen"})
    (True, False)
    >>> parse_condition("kvp>=100").holds({"kvp": 120.0})
    True
    >>> parse_condition("kernal=B30f")
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'kernal=B30f': there is no key 'kernal'; did you mean 'kernel'?
    """
    shown = clean(text, 80)
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(f"a condition must be {FORMS}, got '{shown}'")
    key, sign, value = found[1], found[2], found[3].strip()
    kinds = scan_keys() if keys is None else keys
    if key not in kinds:
        name = clean(key, 40)
        raise UsageError(f"'{shown}': there is no key '{name}'; {nearest_hint(name, kinds)}")
    return Condition(key, kinds[key], sign, _values(shown, key, kinds[key], sign, value))


def parse_conditions(
    texts: Iterable[str], keys: Mapping[str, Kind] | None = None
) -> tuple[Condition, ...]:
    """Read conditions that must all hold; see :func:`parse_condition`.

    Raises:
        UsageError: If one of them is wrong.

    >>> [str(each) for each in parse_conditions(["station=CT1", "study_day>=2026-01-01"])]
    ['station=CT1', 'study_day>=2026-01-01']
    """
    return tuple(parse_condition(text, keys) for text in texts)


@cache
def scan_keys() -> dict[str, Kind]:
    """What can be compared: columns of ``Store.scans()`` that are text, numbers or days.

    >>> keys = scan_keys()
    >>> keys["protocol"], keys["kvp"], keys["study_day"], "flags" in keys
    ('text', 'number', 'day', False)
    """
    from ctiqa.store.database.tables import scans  # noqa: PLC0415 - optional
    from ctiqa.store.frames import INTERNAL  # noqa: PLC0415 - optional

    columns = [column for column in scans.c if column.name not in INTERNAL]
    kinds = {column.name: _KINDS.get(type(column.type).__name__) for column in columns}
    return {name: kind for name, kind in kinds.items() if kind} | {"scored_by": "text"}


def _values(shown: str, key: str, kind: Kind, sign: str, value: str) -> tuple[Value, ...]:
    if sign in _ORDERS:
        if kind == "text":
            raise UsageError(f"'{shown}': '{key}' is text; compare it with = or !=")
        return (_number(shown, key, value) if kind == "number" else _day(shown, key, value),)
    parts = [part.strip() for part in value.split(OR)]
    if kind == "number":
        return tuple(_number(shown, key, part) if part else "" for part in parts)
    return tuple(parts)


def _number(shown: str, key: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{shown}': '{key}' must be compared with a number, such as {key}>=100")
    return number


def _day(shown: str, key: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(
            f"'{shown}': '{key}' must be compared with a day, such as {key}>=2026-01-31"
        ) from None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> str:
    """A regular expression that Python and polars read alike."""
    return "(?s)" + "".join(map(_piece, glob))


def _piece(char: str) -> str:
    """One character; letters in both cases, as the two differ in their rules for rare letters."""
    if char in _WILD:
        return _WILD[char]
    cases = sorted({char} | {each for each in (char.lower(), char.upper()) if len(each) == 1})
    return f"(?:{'|'.join(map(re.escape, cases))})" if len(cases) > 1 else re.escape(char)
