"""Numbers of a model card as they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Card = Mapping[str, Any]


def tested(entry: Card) -> str:
    """On how many slices and patients something was tested."""
    return f"{entry['n']:,} slices of {entry['patients']} patients"


def estimate(entry: Card, digits: int = 2) -> str:
    """An estimate with its interval.

    >>> estimate({"value": 0.9626, "interval": [0.9509, 0.9709]}, 3)
    '0.963 (0.951–0.971)'
    """
    low, high = entry["interval"]
    return f"{entry['value']:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def percent(share: float, digits: int = 1) -> str:
    """A share in percent.

    >>> percent(0.9381), percent(0.9, 0)
    ('93.8 %', '90 %')
    """
    return f"{100 * share:.{digits}f} %"


def extremes(values: Mapping[str, float | None]) -> tuple[tuple[str, float], tuple[str, float]]:
    """Name and value of the lowest and the highest, without those that are not known.

    >>> extremes({"rings": 0.8, "motion": 0.6, "metal": None})
    (('motion', 0.6), ('rings', 0.8))
    """
    known = [(name, value) for name, value in values.items() if value is not None]
    ranked = sorted(known, key=lambda each: each[1])
    return ranked[0], ranked[-1]
