"""Distributions of the groups: a row each, with box plots on one axis per column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ctiqa.trends.page.words import TITLES, UNITS, number
from ctiqa.trends.result import Distribution, ScanGroup

COLUMNS = ("equivalent_noise_hu", "score", "ctdivol_mgy", "ssde_mgy", "dose_reserve")
"""Columns shown; the tables have more."""

PERCENT = "dose_reserve"
"""A share, shown in per cent."""

RESERVE_SHOWN = 2.0
"""End of the axis of reserves: more than twice the dose would be needed."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box plot, laid out.

    Attributes:
        median: The median as text.
        sorted_by: The median, as the script sorts by it.
        text: All quantiles, for those who do not see the box.
        whisker: 5 % and 95 % quantiles, in per cent of the axis.
        box: Quartiles, in per cent of the axis.
        middle: Median, in per cent of the axis.
    """

    median: str
    sorted_by: str
    text: str
    whisker: tuple[float, float]
    box: tuple[float, float]
    middle: float


@dataclass(frozen=True, slots=True)
class BoxColumn:
    """One column of the table.

    Attributes:
        title: Its name.
        unit: Its unit; may be empty.
        ends: Both ends of the axis, as texts.
        boxes: One per group; ``None`` if no scan has a value.
    """

    title: str
    unit: str
    ends: tuple[str, str]
    boxes: tuple[Box | None, ...]


def box_columns(groups: Sequence[ScanGroup]) -> list[BoxColumn]:
    """The columns in which a group has values."""
    found = [_column(name, [group.distributions.get(name) for group in groups]) for name in COLUMNS]
    return [each for each in found if any(each.boxes)]


def _column(name: str, values: Sequence[Distribution | None]) -> BoxColumn:
    low, high = _axis(name, [each for each in values if each is not None])
    factor = 100 if name == PERCENT else 1
    boxes = tuple(each and _box(each, low, high, factor) for each in values)
    ends = number(factor * low), number(factor * high)
    return BoxColumn(TITLES[name], UNITS.get(name, ""), ends, boxes)


def _axis(name: str, values: Iterable[Distribution]) -> tuple[float, float]:
    """Scores have their scale; others begin at zero and end at the largest 95 % quantile."""
    if name == "score":
        return 0.0, 4.0
    highest = [each.p95 for each in values if math.isfinite(each.p95)]
    high = max(highest, default=1.0) or 1.0
    return 0.0, min(high, RESERVE_SHOWN) if name == PERCENT else high


def _box(found: Distribution, low: float, high: float, factor: int) -> Box:
    def place(value: float) -> float:
        return round(100 * min(max((value - low) / (high - low), 0), 1), 2)

    p5, p25, p50, p75, p95 = (
        number(factor * each) for each in (found.p5, found.p25, found.p50, found.p75, found.p95)
    )
    return Box(
        median=p50,
        sorted_by=f"{factor * found.p50:.5g}".replace("inf", "Infinity"),
        text=f"median {p50}, quartiles {p25} to {p75}, 5 to 95 %: {p5} to {p95}, n = {found.n:,}",
        whisker=(place(found.p5), place(found.p95)),
        box=(place(found.p25), place(found.p75)),
        middle=place(found.p50),
    )
