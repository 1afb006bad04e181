"""Trends as JSON, for other programs.

``schema`` is incremented whenever a key is removed or changes its meaning. Numbers are finite or
``null``: unknown, or infinite for a dose reserve. Days are ``YYYY-MM-DD``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from ctiqa.score.report.as_json import result_as_json, rounded_json
from ctiqa.trends.limits import LimitsChecked
from ctiqa.trends.result import Trends

SCHEMA = 1
"""Version of the format."""

DIGITS = 6
"""Decimals of numbers."""

IN_TABLES = "scans"
"""Attribute of :class:`ctiqa.trends.Trends` that is in the tables instead."""

NAMED = ("label", "scope")
"""Properties that name a group, a chart or a violation for people."""


def trends_as_json(
    trends: Trends, limits: LimitsChecked | None, command: str, created: datetime
) -> bytes:
    """Groups, charts, alarms, dose lines, outliers and limits as UTF-8 JSON text.

    Args:
        trends: The trends.
        limits: The outcome of a check; ``None`` if there was none.
        command: Command that was run.
        created: Time of the run.
    """
    content = {**trends_as_dict(trends), "limits": limits_as_dict(limits)}
    return result_as_json(content, schema=SCHEMA, command=command, created=created)


def trends_as_dict(trends: Trends) -> dict[str, Any]:
    """Everything but the scans, as nested dicts and lists of texts and finite numbers.

    The keys are the attributes of :class:`ctiqa.trends.Trends` and of what it holds.
    """
    names = (each.name for each in fields(trends) if each.name != IN_TABLES)
    return {name: _plain(getattr(trends, name)) for name in names}


def limits_as_dict(limits: LimitsChecked | None) -> dict[str, Any] | None:
    """Violations and what could not be checked; ``None`` if no limits were checked."""
    return None if limits is None else {"complete": limits.is_complete, **_plain(limits)}


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if is_dataclass(value):
        named = {name: getattr(value, name) for name in NAMED if hasattr(value, name)}
        return named | {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return rounded_json(value, DIGITS)
    return value.isoformat() if isinstance(value, date) else value
