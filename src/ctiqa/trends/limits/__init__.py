"""Limits of quality and dose, read from a file and checked on trends.

>>> from ctiqa.trends.limits import limits_from
>>> [limit] = limits_from({"limits": [{"region": "chest", "least_score": 2.5}]})
>>> limit.name, limit.scope_text
('limit 1', 'region chest')
"""

from __future__ import annotations

from ctiqa.trends.limits.checking import check_limits
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.limits.outcome import LimitsChecked, Unchecked, Violation
from ctiqa.trends.limits.reading import read_limits
from ctiqa.trends.limits.validating import limits_from

__all__ = [
    "Limit",
    "LimitsChecked",
    "Unchecked",
    "Violation",
    "check_limits",
    "limits_from",
    "read_limits",
]
