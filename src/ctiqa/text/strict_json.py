"""Strict reading of untrusted JSON: what is read can be processed, shown and written again.

The standard parser accepts more than JSON (NaN, Infinity), keeps the last of duplicate keys, lets
numbers overflow to infinity, and raises various errors on deep nesting and other encodings.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

MOST_BYTES = 64 << 20
"""Largest text that is read, in bytes; a card has thousands, the index of a large collection
millions."""

MOST_DEEP = 32
"""Deepest nesting of lists and objects."""

MOST_WHOLE = 2**64
"""Integers must be smaller than this in magnitude."""


class StrictJsonError(ValueError):
    """A text is not acceptable JSON; the message says why."""


def read_json(file: Path) -> Any:
    """The content of a JSON file.

    Raises:
        OSError: If it cannot be read.
        StrictJsonError: If it is too large or not strict JSON.
    """
    with file.open("rb") as stream:
        return parse_json(stream.read(MOST_BYTES + 1))


def parse_json(data: bytes | str) -> Any:
    """The content of a JSON text.

    Args:
        data: UTF-8 text; a byte order mark is ignored.

    Raises:
        StrictJsonError: If it is too large, not UTF-8, not JSON, nested too deeply, repeats a
            key, or contains a number that is not finite or a lone surrogate.

    >>> parse_json(b'{"members": 5}')
    {'members': 5}
    >>> parse_json('{"floor": NaN}')
    Traceback (most recent call last):
    ...
    ctiqa.text.strict_json.StrictJsonError: NaN is not a JSON number
    """
    if len(data) > MOST_BYTES:
        raise StrictJsonError(f"it is larger than {MOST_BYTES} bytes")
    try:
        content = json.loads(
            decoded(data) if isinstance(data, bytes) else data,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_distinct,
        )
    except RecursionError:
        raise StrictJsonError(f"it is nested deeper than {MOST_DEEP} levels") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError(str(error)) from None
    _check(content)
    return content


def decoded(data: bytes) -> str:
    """Decode UTF-8, without the byte order mark.

    Raises:
        StrictJsonError: If the bytes are in another encoding.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StrictJsonError("it is not UTF-8 text; save it as UTF-8") from None


def _no_constant(name: str) -> float:
    raise StrictJsonError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError(f"the number {text[:20]} is too large")
    return value


def _whole(text: str) -> int:
    # Parsing time grows with the square of the number of digits.
    value = int(text) if len(text) <= 21 else MOST_WHOLE
    if abs(value) >= MOST_WHOLE:
        raise StrictJsonError(f"the number {text[:20]} is too large")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise StrictJsonError(f"the key {twice[:40]!r} is there twice")
    return table


def _check(content: Any) -> None:
    """Refuse deep nesting and texts that cannot be encoded; iterative, not recursive."""
    level, depth = [content], 0
    while level:
        if depth > MOST_DEEP:
            raise StrictJsonError(f"it is nested deeper than {MOST_DEEP} levels")
        level = [inner for each in level for inner in _inside(each)]
        depth += 1


def _inside(value: Any) -> list[Any]:
    if isinstance(value, str):
        _check_text(value)
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise StrictJsonError("a text holds half a character (a lone surrogate)") from None
