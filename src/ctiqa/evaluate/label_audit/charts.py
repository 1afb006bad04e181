"""Where things lie in the drawings of a label audit, and its page.

Positions across are percentages and text is never scaled, as in the report of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctiqa.evaluate import html_page as page
from ctiqa.evaluate.dose_relations import QUANTILES, Spread
from ctiqa.evaluate.label_audit.groups import CHALLENGE, STEPS_A_GRADE
from ctiqa.score.report.charts import UNITS, across, path
from ctiqa.types import SCORE_RANGE


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars of labels before the outline of the challenge's, on one scale.

    Attributes:
        bars: Left edge, top, width and height of every bar in per cent.
        outline: The challenge's histogram as an SVG path.
        levels: Shares to print at the left, with their distances from the top in per cent.
        grades: Grades to print below, with their distances from the left in per cent.
    """

    bars: tuple[tuple[float, float, float, float], ...]
    outline: str
    levels: tuple[tuple[str, float], ...]
    grades: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Fan:
    """Labels along falling doses: the median's SVG path, and those of the bands around it.

    Attributes:
        median: Median.
        middle: Half of the labels.
        most: Nine tenths of the labels.
        ticks: Names of the classes, with their distances from the left in per cent.
    """

    median: str
    middle: str
    most: str
    ticks: tuple[tuple[str, float], ...]


def histogram(counts: Sequence[int]) -> Histogram:
    """Lay out labels counted by :func:`count_labels` before the challenge's."""
    shares, reference = (np.array(each) / max(sum(each), 1) for each in (counts, CHALLENGE))
    step = 0.1 if max(shares.max(), reference.max()) > 0.1 else 0.05
    levels = step * np.arange(1 + int(np.ceil(max(shares.max(), reference.max()) / step - 1e-9)))
    heights, outline = 100 * shares / levels[-1], 100 * reference / levels[-1]
    width = 100 / len(counts)
    lefts = width * (np.arange(len(counts)) + 0.1)
    return Histogram(
        bars=tuple(
            (round(x, 2), round(100 - h, 2), round(0.8 * width, 2), round(h, 2))
            for x, h in zip(lefts.tolist(), heights.tolist(), strict=True)
        ),
        outline=_steps(outline.tolist()),
        levels=tuple(
            (f"{100 * level:.0f} %", round(100 - 100 * level / levels[-1], 2)) for level in levels
        ),
        grades=tuple((g, round(width * (g * STEPS_A_GRADE + 0.5), 2)) for g in range(5)),
    )


def _steps(heights: Sequence[float]) -> str:
    """Heights in per cent as the outline of a histogram, an SVG path."""
    width = UNITS / len(heights)
    tops = [UNITS * (1 - height / 100) for height in heights]
    corners = [(x * width, top) for k, top in enumerate(tops) for x in (k, k + 1)]
    return path([(0.0, UNITS), *corners, (UNITS, UNITS)])


def within(label: float) -> float:
    """A label as a distance from the low end of the scale in per cent; beyond it, its end."""
    return across(min(max(label, SCORE_RANGE[0]), SCORE_RANGE[1]))


def fan(rows: Sequence[Spread]) -> Fan:
    """Lay out labels along falling doses."""
    places = [round(100 * (k + 0.5) / len(rows), 2) for k in range(len(rows))]
    low, lower, middle, upper, high = (
        [
            (UNITS * x / 100, UNITS * (1 - within(row.quantiles[q]) / 100))
            for x, row in zip(places, rows, strict=True)
        ]
        for q in range(len(QUANTILES))
    )
    return Fan(
        median=path(middle),
        middle=f"{path(upper + lower[::-1])}Z",
        most=f"{path(high + low[::-1])}Z",
        ticks=tuple((row.name, x) for row, x in zip(rows, places, strict=True)),
    )


def render(**context: object) -> str:
    """Fill the page of an audit; every text is escaped."""
    return page.render("label_audit.html.j2", _FILTERS, challenge=CHALLENGE, **context)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "across": within,
    "fan": fan,
    "histogram": histogram,
}
