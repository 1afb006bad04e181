"""Layout of the drawings of the report; ``templates/drawings.html.j2`` draws them.

Horizontal positions are percentages and text is never scaled, so one drawing serves phone, desktop
and print. Curves are drawn in a square of ``UNITS`` that is stretched over the plot area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ctiqa.score.report.facts import Range
from ctiqa.score.report.page.thumbnails import pick_slices
from ctiqa.types import SCORE_RANGE, ScanScore, SliceScore

_UNITS = 1000.0
"""Width and height of the square that curves are drawn in."""

TICKS = 6
"""Approximate number of slice numbers below a curve."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A slice marked on the curve.

    Attributes:
        role: ``"best"``, ``"median"`` or ``"worst"``.
        x: Distance from the left edge in per cent.
        y: Distance from the top in per cent.
    """

    role: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The score of the slices of a scan along z.

    Attributes:
        lines: One SVG path per run of scored slices.
        bands: Prediction interval of each run, as SVG paths.
        marks: The marked slices.
        gaps: Distances from the left edge, in per cent, of slices without a score.
        ticks: Slice indices to print, with their distances from the left edge in per cent.
        z_mm: Position of the first and the last slice in mm; ``None`` where unknown.
    """

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    marks: tuple[Mark, ...]
    gaps: tuple[float, ...]
    ticks: tuple[tuple[int, float], ...]
    z_mm: Range | None


def curve_of(scan: ScanScore) -> Curve:
    """Lay out the slice scores of a scan, left to right in z order."""
    slices = scan.slices
    count = len(slices)
    runs = [
        list(run)
        for scored, run in groupby(enumerate(slices), key=lambda pair: pair[1].score is not None)
        if scored
    ]
    ends = slices[0].header.z_mm, slices[-1].header.z_mm
    return Curve(
        lines=tuple(path(_points(run, count)) for run in runs),
        bands=tuple(f"{path(_outline(run, count))}Z" for run in runs),
        marks=tuple(_marks(scan)),
        gaps=tuple(along(i, count) for i, each in enumerate(slices) if each.score is None),
        ticks=tuple((index, along(index, count)) for index in tick_indices(count)),
        z_mm=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
    )


def across(score: float) -> float:
    """Position of a score on the scale, in per cent from its low end.

    >>> across(3.0)
    75.0
    """
    low, high = SCORE_RANGE
    return round(100 * (score - low) / (high - low), 2)


def along(index: int, count: int) -> float:
    """Centre of slice ``index`` of ``count`` as distance from the left edge, in per cent.

    >>> along(0, 2), along(1, 2)
    (25.0, 75.0)
    """
    return round(100 * (index + 0.5) / count, 2)


def tick_indices(count: int) -> list[int]:
    """Round slice indices, evenly spaced over a scan.

    >>> tick_indices(60)
    [0, 10, 20, 30, 40, 50]
    """
    steps = (factor * 10**power for power in range(7) for factor in (1, 2, 5))
    step = next(step for step in steps if count <= step * TICKS)
    return list(range(0, count, step))


def path(points: Sequence[Point]) -> str:
    """An SVG path through points.

    >>> path([(0.0, 500.0), (10.25, 250.0)])
    'M0,500L10.2,250'
    """
    return "M" + "L".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in points)


def _points(run: Sequence[tuple[int, SliceScore]], count: int) -> list[Point]:
    return [_point(index, count, each.score) for index, each in run if each.score is not None]


def _outline(run: Sequence[tuple[int, SliceScore]], count: int) -> list[Point]:
    known = [(index, each.interval) for index, each in run if each.interval is not None]
    upper = [_point(index, count, high) for index, (_, high) in known]
    lower = [_point(index, count, low) for index, (low, _) in known]
    return upper + lower[::-1]


def _point(index: int, count: int, score: float) -> Point:
    return _UNITS * along(index, count) / 100, _UNITS * (1 - across(score) / 100)


def _marks(scan: ScanScore) -> list[Mark]:
    places = {id(each): index for index, each in enumerate(scan.slices)}
    return [
        Mark(role.lower(), along(places[id(each)], len(scan.slices)), 100 - across(each.score))
        for role, each in pick_slices(scan)
        if each.score is not None
    ]
