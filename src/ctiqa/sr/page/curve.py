"""The scores of the slices along z, drawn as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, String

from ctiqa.score.report.page.charts import across, along, tick_indices
from ctiqa.sr.page.style import BAND, FONT, GREY, LINE, RULE, SMALL
from ctiqa.types import SCORE_RANGE, ScanScore, SliceScore

HEIGHT = 118.0
LEFT, BELOW, ABOVE = 16.0, 24.0, 5.0
"""Space around the plot, in points."""

Numbered = tuple[int, SliceScore]
"""Index of a slice in its scan, and the slice."""


def curve_drawing(verdict: ScanScore, width: float) -> Drawing:
    """The score of every slice, with its interval; slices without a score leave a gap.

    Args:
        verdict: The scan.
        width: In points.
    """
    drawing = Drawing(width, HEIGHT)
    plot = _Plot(width - LEFT, HEIGHT - BELOW - ABOVE, len(verdict.slices))
    for part in (plot.grid(), plot.curves(verdict.slices), plot.axis(verdict.slices)):
        for shape in part:
            drawing.add(shape)
    return drawing


Shape: TypeAlias = Circle | Line | Polygon | PolyLine | String


class _Plot:
    """Places of scores and slices on the drawing."""

    def __init__(self, wide: float, high: float, count: int) -> None:
        self._wide, self._high, self._count = wide, high, count

    def grid(self) -> Iterator[Shape]:
        """Horizontal lines at whole scores, with their numbers."""
        for score in range(int(SCORE_RANGE[1]) + 1):
            y = self._y(score)
            yield Line(LEFT, y, LEFT + self._wide, y, strokeColor=RULE, strokeWidth=0.5)
            yield _label(LEFT - 4, y - 2.5, str(score), "end")

    def curves(self, slices: Sequence[SliceScore]) -> Iterator[Shape]:
        """Interval and score of each run of scored slices."""
        runs = groupby(enumerate(slices), key=lambda pair: pair[1].score is not None)
        for scored, pairs in runs:
            if scored:
                yield from self._run(list(pairs))

    def axis(self, slices: Sequence[SliceScore]) -> Iterator[Shape]:
        """Slice numbers, and z at both ends."""
        for index in tick_indices(self._count):
            yield _label(self._x(index), BELOW - 9, str(index), "middle")
        ends = slices[0].header.z_mm, slices[-1].header.z_mm
        left, right = ("" if z is None else f"z {z:.0f} mm" for z in ends)
        yield _label(LEFT, BELOW - 20, left, "start")
        yield _label(LEFT + self._wide, BELOW - 20, right, "end")
        yield _label(LEFT + self._wide / 2, BELOW - 20, "slice", "middle")

    def _run(self, run: Sequence[Numbered]) -> Iterator[Shape]:
        upper = [(self._x(at), self._y(each.interval[1])) for at, each in run if each.interval]
        lower = [(self._x(at), self._y(each.interval[0])) for at, each in run if each.interval]
        score = [(self._x(at), self._y(each.score or 0.0)) for at, each in run]
        if len(run) == 1:
            yield from _mark(*score[0], [y for _, y in (*upper, *lower)])
            return
        if upper:
            yield Polygon(_flat([*upper, *lower[::-1]]), fillColor=BAND, strokeColor=None)
        yield PolyLine(_flat(score), strokeColor=LINE, strokeWidth=1.2)

    def _x(self, index: int) -> float:
        return LEFT + self._wide * along(index, self._count) / 100

    def _y(self, score: float) -> float:
        return BELOW + self._high * across(score) / 100


def _mark(x: float, y: float, ends: Sequence[float]) -> Iterator[Shape]:
    """A slice without scored neighbours: a dot, and its interval as a bar."""
    if ends:
        yield Line(x, min(ends), x, max(ends), strokeColor=BAND, strokeWidth=3)
    yield Circle(x, y, 1.8, fillColor=LINE, strokeColor=None)


def _flat(points: Sequence[tuple[float, float]]) -> list[float]:
    return [round(number, 2) for point in points for number in point]


def _label(x: float, y: float, text: str, anchor: str) -> String:
    return String(x, y, text, fontName=FONT, fontSize=SMALL, fillColor=GREY, textAnchor=anchor)
