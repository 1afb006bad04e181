"""Layout of the drawing of a dose curve; the template draws it.

As in the report, positions are per cent of the drawing and curves lie in a square of 1000 units
that is stretched over it, so one drawing serves phone, desktop and print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctiqa.dose_curve.plan import Plan
from ctiqa.dose_curve.result import SeriesCurve
from ctiqa.score.report.page.charts import across, path
from ctiqa.types import Floats

UNITS = 1000.0
"""Width and height of the square of the curves."""

DECADES = 5
STEPS = (1.0, 0.5, 0.2)
"""Doses that are printed below the axis: these, over as many powers of ten."""


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing of one series; dose rises to the right on a logarithmic axis.

    Attributes:
        line: Median score by simulation, as an SVG path.
        band: Its interval, as a closed SVG path.
        quick: Median score by the quick formula, as an SVG path.
        points: Places of the simulated doses, (x, y) in per cent.
        target: Distance of the target from the top in per cent.
        reserve: Place of the reserve by simulation in per cent; ``None`` if it is beyond the axis.
        reserve_range: Left and right end of its interval in per cent, cut off at the axis.
        ticks: Doses to print, (text without the sign of per cent, x in per cent).
    """

    line: str
    band: str
    quick: str
    points: tuple[tuple[float, float], ...]
    target: float
    reserve: float | None
    reserve_range: tuple[float, float]
    ticks: tuple[tuple[str, float], ...]


def chart_of(series: SeriesCurve, plan: Plan) -> Chart:
    """Lay out the curve of a series."""
    lowest = plan.doses[-1]
    places = [along(dose, lowest) for dose in plan.doses]

    def points(scores: Floats) -> list[tuple[float, float]]:
        return [
            (UNITS * x / 100, UNITS * (1 - across(float(score)) / 100))
            for x, score in zip(places, scores, strict=True)
            if not math.isnan(score)
        ]

    low, high = series.band
    ends = [along(min(max(end, lowest), 1.0), lowest) for end in series.reserve.interval]
    inside = lowest <= series.reserve.dose <= 1
    return Chart(
        line=path(points(series.scores)),
        band=f"{path(points(high) + points(low)[::-1])}Z",
        quick=path(points(series.quick_scores)),
        points=tuple((x / 10, y / 10) for x, y in points(series.scores)),
        target=100 - across(plan.target),
        reserve=along(series.reserve.dose, lowest) if inside else None,
        reserve_range=(ends[0], ends[1]),
        ticks=tuple((f"{100 * dose:g}", along(dose, lowest)) for dose in tick_doses(lowest)),
    )


def along(dose: float, lowest: float) -> float:
    """Distance of a dose from the left edge in per cent.

    >>> along(1.0, 0.01), along(0.1, 0.01)
    (100.0, 50.0)
    """
    return round(100 * (1 - math.log(dose) / math.log(lowest)), 2)


def tick_doses(lowest: float) -> Sequence[float]:
    """Round doses from 100 % down to the lowest.

    >>> tick_doses(0.04)
    [1.0, 0.5, 0.2, 0.1, 0.05]
    """
    doses = [step / 10**power for power in range(DECADES) for step in STEPS]
    return [dose for dose in doses if dose >= lowest]
