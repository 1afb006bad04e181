"""Distributions of the groups: a row each, with box plots on one axis per column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctiqa.trends.page.words import TITLES, UNITS, number
from ctiqa.trends.result import Distribution, ScanGroup

COLUMNS = ("equivalent_noise_hu", "score", "ctdivol_mgy", "ssde_mgy", "dose_reserve")
"""Columns shown; the tables have more."""

PERCENT = "dose_reserve"
"""A share, shown in per cent."""

RESERVE_SHOWN = 2.0
"""Largest end of the axis of reserves: twice the dose would be needed."""


MARGIN = 1.05
"""Factor between the outermost value and the end of a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of a column.

    Attributes:
        low: Its left end, > 0 if it is logarithmic.
        high: Its right end.
        logarithmic: Whether equal ratios have equal lengths.
    """

    low: float
    high: float
    logarithmic: bool

    def place(self, value: float) -> float:
        """A value in per cent from the left; one beyond an end is placed there.

        >>> Axis(1, 100, logarithmic=True).place(10), Axis(0, 4, logarithmic=False).place(5)
        (50.0, 100.0)
        """
        held = min(max(value, self.low), self.high)
        low, held, high = (
            math.log(each) if self.logarithmic else each for each in (self.low, held, self.high)
        )
        return round(100 * (held - low) / (high - low), 2)


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
    axis = _axis(name, [each for each in values if each is not None])
    factor = 100 if name == PERCENT else 1
    boxes = tuple(None if each is None else _box(each, axis, factor) for each in values)
    ends = number(factor * axis.low), number(factor * axis.high)
    return BoxColumn(TITLES[name], UNITS.get(name, ""), ends, boxes)


def _axis(name: str, values: Sequence[Distribution]) -> Axis:
    """Scores have their scale; others a logarithmic one from the smallest to the largest value."""
    if name == "score":
        return Axis(0.0, 4.0, logarithmic=False)
    ends = [end for each in values for end in (each.p5, each.p95) if 0 < end < math.inf]
    low, high = min(ends, default=1.0), max(ends, default=1.0)
    if name == PERCENT:
        low, high = min(low, RESERVE_SHOWN / 2), min(high, RESERVE_SHOWN)
    return Axis(low / MARGIN, high * MARGIN, logarithmic=True)


def _box(found: Distribution, axis: Axis, factor: int) -> Box:
    p5, p25, p50, p75, p95 = (
        number(factor * each) for each in (found.p5, found.p25, found.p50, found.p75, found.p95)
    )
    return Box(
        median=p50,
        sorted_by=f"{factor * found.p50:.5g}".replace("inf", "Infinity"),
        text=f"median {p50}, quartiles {p25} to {p75}, 5 to 95 %: {p5} to {p95}, n = {found.n:,}",
        whisker=(axis.place(found.p5), axis.place(found.p95)),
        box=(axis.place(found.p25), axis.place(found.p75)),
        middle=axis.place(found.p50),
    )
