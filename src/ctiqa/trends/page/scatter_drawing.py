"""Noise against dose, laid out as drawings for readers without the script."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctiqa.diff.report.charts import nice_ticks
from ctiqa.score.report.page.charts import path
from ctiqa.trends.page.choices import Choices
from ctiqa.trends.page.course_drawing import UNITS_DRAWN, Place
from ctiqa.trends.page.scatter import Sample, evenly, group_numbers, line_points
from ctiqa.trends.page.words import TITLES, number, quantity
from ctiqa.trends.result import DoseLine, ScanGroup, Trends

MOST_DOTS = 250
"""Scans of one drawing."""


@dataclass(frozen=True, slots=True)
class ScatterDrawing:
    """Equivalent noise against dose of one group.

    Attributes:
        title: Protocol, scanner and kernel.
        text: What it shows, for those who do not see it.
        dots: Places of the scans, in per cent.
        outliers: Places of the outliers, in per cent.
        line: SVG path of the group's own line.
        values: Noises to print at the axis, with their distances from the top in per cent.
        doses: The same for doses, from the left.
        dose: Name of the dose.
    """

    title: str
    text: str
    dots: tuple[Place, ...]
    outliers: tuple[Place, ...]
    line: str
    values: tuple[tuple[str, float], ...]
    doses: tuple[tuple[str, float], ...]
    dose: str


def scatter_drawings(
    trends: Trends, choices: Choices, sample: Sample, most: int
) -> list[ScatterDrawing]:
    """The first groups of a sample that have a line against CTDIvol."""
    scans = trends.scans[sample.rows]
    members = group_numbers(scans, choices)
    odd = np.isin(sample.rows, [each.row for each in trends.outliers])
    values = scans.select("ctdivol_mgy", "equivalent_noise_hu").fill_null(np.nan)
    lines = {
        choices.groups[line.protocol, line.scanner, line.kernel]: line
        for line in trends.dose_lines
        if line.dose == "ctdivol_mgy"
    }
    chosen = [number for number in sample.groups if number in lines][:most]
    return [
        _drawing(trends.groups[number], lines[number], values.to_numpy()[own], odd[own])
        for number in chosen
        for own in [members == number]
    ]


def _drawing(
    group: ScanGroup, line: DoseLine, values: NDArray[np.float64], odd: NDArray[np.bool_]
) -> ScatterDrawing:
    known = np.isfinite(values).all(axis=1)
    values, odd = values[known], odd[known]
    doses, noises = line_points(line)
    across = nice_ticks(max(*doses, *values[:, 0].tolist()))
    up = nice_ticks(max(*noises, *values[:, 1].tolist()))

    def place(dose: float, noise: float) -> Place:
        return round(100 * dose / across[-1], 2), round(100 - 100 * noise / up[-1], 2)

    usual = values[~odd]
    scale = UNITS_DRAWN / 100
    places = [place(*each) for each in zip(doses, noises, strict=True)]
    return ScatterDrawing(
        title=group.label,
        text=_text(group, line, int(odd.sum())),
        dots=tuple(place(*each) for each in usual[evenly(len(usual), MOST_DOTS)].tolist()),
        outliers=tuple(place(*each) for each in values[odd].tolist()),
        line=path([(scale * x, scale * y) for x, y in places]),
        values=tuple((number(each), place(0, each)[1]) for each in up),
        doses=tuple((number(each), place(each, 0)[0]) for each in across),
        dose=TITLES[line.dose],
    )


def _text(group: ScanGroup, line: DoseLine, outliers: int) -> str:
    slope = "unknown" if line.flat else number(line.slope)
    return (
        f"Equivalent noise against {TITLES[line.dose]} of {group.label}: "
        f"{quantity(line.n, 'scan')}, slope {slope}, {quantity(outliers, 'outlier')}"
    )
