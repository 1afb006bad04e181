"""Measures of both scans along z, laid out for the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctiqa.diff.measures import MEASURE, Measure, values_of
from ctiqa.diff.measuring import Measured
from ctiqa.diff.result import Comparison
from ctiqa.diff.verdict import TOP_SCORE
from ctiqa.score.report.page.charts import path

Point = tuple[float, float]
"""Place along z in mm, or slice index, and value."""

DRAWN = ("score", "equivalent_noise_hu", "quantum_noise_hu")
"""Measures that have a chart."""

UNITS = 1000.0
"""Width and height of the square that curves are drawn in."""

STEPS = 4
"""Most intervals of an axis."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure of both scans along z.

    Attributes:
        measure: The measure.
        lines: One SVG path per scan; empty if it has no value.
        dots: Places of the single slice of a scan, in per cent from left and top.
        ticks: Values to print, with their distances from the top in per cent.
        start: Text at the left end of the axis of z.
        end: Text at its right end.
    """

    measure: Measure
    lines: tuple[str, ...]
    dots: tuple[tuple[Point, ...], ...]
    ticks: tuple[tuple[str, float], ...]
    start: str
    end: str


def charts_of(comparison: Comparison) -> tuple[Chart, ...]:
    """Charts of score and noise; that of the score only where it tells the scans apart."""
    return tuple(
        _chart(comparison, MEASURE[key])
        for key in DRAWN
        if comparison.differences[key].value is not None and not _is_flat(comparison, key)
    )


def nice_ticks(high: float) -> list[float]:
    """Round values from 0 to just above a value.

    >>> nice_ticks(17.0), nice_ticks(4.0)
    ([0.0, 5.0, 10.0, 15.0, 20.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    """
    steps = (factor * 10.0**power for power in range(-6, 9) for factor in (1, 2, 5))
    step = next(step for step in steps if high <= step * STEPS)
    return [step * k for k in range(math.ceil(high / step - 1e-9) + 1)]


def _is_flat(comparison: Comparison, key: str) -> bool:
    """Whether both scans score at the top everywhere they are compared."""
    found = comparison.differences[key]
    return key == "score" and min(found.a or 0.0, found.b or 0.0) >= TOP_SCORE


def _chart(comparison: Comparison, measure: Measure) -> Chart:
    points = [_points(scan, measure, comparison) for scan in comparison.scans]
    known = [point for each in points for point in each]
    left, right = min(x for x, _ in known), max(x for x, _ in known)
    values = nice_ticks(4.0 if measure.key == "score" else max(y for _, y in known))
    top = values[-1]

    def place(point: Point) -> Point:
        across = (point[0] - left) / (right - left) if right > left else 0.5
        return across, 1 - point[1] / top

    placed = [[place(point) for point in each] for each in points]
    return Chart(
        measure=measure,
        lines=tuple(_line(each) for each in placed),
        dots=tuple(_dots(each) for each in placed),
        ticks=tuple((f"{value:g}", round(100 * (1 - value / top), 2)) for value in values),
        start=_end_text(left, comparison),
        end=_end_text(right, comparison),
    )


def _points(scan: Measured, measure: Measure, comparison: Comparison) -> list[Point]:
    """Values of the slices along z; for other patients from the first slice compared."""
    side = "AB".index(scan.name)
    slices = scan.slices
    used = {pair[side] for pair in comparison.found.pairs}
    places = [_place(slices[k].header.z_mm, k) for k in range(len(slices))]
    origin = places[min(used)] if comparison.found.rule == "region" else 0.0
    values = [values_of(each).get(measure.key) for each in slices]
    return [
        (place - origin, value)
        for k, (place, value) in enumerate(zip(places, values, strict=True))
        if value is not None and k in used
    ]


def _place(z_mm: float | None, index: int) -> float:
    return float(index) if z_mm is None else z_mm


def _line(points: Sequence[Point]) -> str:
    """An SVG path; empty for fewer than two points."""
    return path([(UNITS * x, UNITS * y) for x, y in points]) if len(points) > 1 else ""


def _dots(points: Sequence[Point]) -> tuple[Point, ...]:
    """A single slice is a dot."""
    if len(points) != 1:
        return ()
    return tuple((round(100 * x, 2), round(100 * y, 2)) for x, y in points)


def _end_text(place: float, comparison: Comparison) -> str:
    """Where an end of the axis is, with a true minus."""
    text = f"{place:.0f}".replace("-", "−")
    if any(each.header.z_mm is None for scan in comparison.scans for each in scan.slices):
        return f"slice {text}"
    return f"{text} mm" if comparison.found.rule == "region" else f"z {text} mm"
