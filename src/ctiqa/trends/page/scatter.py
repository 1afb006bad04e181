"""Quality against dose: which scans are drawn, and the lines of the groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctiqa.trends.page.choices import Choices, Triple
from ctiqa.trends.page.embedded import packed
from ctiqa.trends.page.words import UNKNOWN, days_since_epoch, quantity
from ctiqa.trends.result import DoseLine, Trends

if TYPE_CHECKING:
    import polars

DOSES = ("ctdivol_mgy", "ssde_mgy")
QUALITIES = ("equivalent_noise_hu", "score")
"""Columns of the scatter charts."""

MOST_POINTS = 5000
"""About this many scans are drawn in all."""

FEWEST_OF_A_GROUP = 50
"""Of a group at least this many, if it has them."""

LINE_POINTS = 24
"""Points of a line, which is curved on linear axes."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The scans that are drawn.

    Attributes:
        rows: Their rows in ``Trends.scans``, ascending, int64 [n].
        groups: Numbers of their groups; those with most outliers first, then the largest.
        n_known: Scans with a dose and a quality.
        n_unknown: Scans without.
    """

    rows: NDArray[np.int64]
    groups: list[int]
    n_known: int
    n_unknown: int

    @property
    def drawn(self) -> str:
        """How many of how many, in a sentence without a full stop."""
        count = len(self.rows)
        if count == self.n_known:
            return f"{quantity(count, 'scan')} with a dose {'is' if count == 1 else 'are'} drawn"
        return (
            f"{count:,} of {self.n_known:,} scans are drawn: all outliers, and others evenly chosen"
        )


def sample_of(trends: Trends, choices: Choices) -> Sample:
    """Choose the scans to draw: all outliers, and of each group every k-th of the others."""
    groups = group_numbers(trends.scans, choices)
    known = np.flatnonzero(_known(trends.scans))
    outliers = np.array([each.row for each in trends.outliers], dtype=np.int64)
    chosen = [np.intersect1d(known, outliers)]
    for number in np.unique(groups[known]):
        members = known[groups[known] == number]
        wanted = max(FEWEST_OF_A_GROUP, MOST_POINTS * len(members) // max(len(known), 1))
        chosen.append(members[evenly(len(members), wanted)])
    rows = np.unique(np.concatenate(chosen))
    odd = np.bincount(groups[outliers], minlength=len(choices.groups))
    order = sorted(np.unique(groups[rows]).tolist(), key=lambda number: (-odd[number], number))
    return Sample(rows, order, len(known), trends.n - len(known))


def evenly(count: int, wanted: int) -> NDArray[np.int64]:
    """Evenly spaced places among ``count``, the first and the last included.

    >>> evenly(9, 3).tolist(), evenly(2, 5).tolist()
    ([0, 4, 8], [0, 1])
    """
    if count <= wanted:
        return np.arange(count, dtype=np.int64)
    return np.unique(np.linspace(0, count - 1, wanted).round().astype(np.int64))


def scatter_data(trends: Trends, choices: Choices, sample: Sample) -> dict[str, Any]:
    """The drawn scans as columns, as the script reads them; NaN and day 0 are unknown."""
    scans = trends.scans[sample.rows]
    outliers = np.isin(sample.rows, [each.row for each in trends.outliers])
    regions = [choices.code("region", each) for each in scans["region"].fill_null(UNKNOWN)]
    days = [0 if day is None else days_since_epoch(day) for day in scans["study_day"]]
    return {
        "group": packed(group_numbers(scans, choices), "u2"),
        "region": packed(regions, "u2"),
        "day": packed(days, "u4"),
        "outlier": packed(outliers, "u1"),
        **{name: packed(_column(scans, name), "f4") for name in (*DOSES, *QUALITIES)},
    }


def lines_data(trends: Trends, choices: Choices) -> dict[str, dict[int, dict[str, list[float]]]]:
    """The lines by column of the dose and number of the group, as points on linear axes."""
    found: dict[str, dict[int, dict[str, list[float]]]] = {dose: {} for dose in DOSES}
    for line in trends.dose_lines:
        number = choices.groups.get((line.protocol, line.scanner, line.kernel))
        if number is not None:
            doses, noises = line_points(line)
            found[line.dose][number] = {"x": doses, "y": noises}
    return found


def line_points(line: DoseLine) -> tuple[list[float], list[float]]:
    """Doses in mGy and noises in HU along a line.

    >>> line = DoseLine("Abdomen", "CT1", "Br40", "ctdivol_mgy", 9, -0.5, 3.0, 4.0, 9.0, 0.1, False)
    >>> doses, noises = line_points(line)
    >>> doses[0], doses[-1], round(noises[0] / noises[-1], 2)
    (4.0, 9.0, 1.5)
    """
    doses = np.linspace(line.low, line.high, LINE_POINTS)
    noises = math.exp(line.intercept) * doses**line.slope
    return [float(f"{each:.5g}") for each in doses], [float(f"{each:.5g}") for each in noises]


def group_numbers(scans: polars.DataFrame, choices: Choices) -> NDArray[np.int64]:
    """Number of the group of each scan, [n]."""
    columns: Sequence[list[str | None]] = [
        scans[name].to_list() for name in ("protocol", "scanner", "kernel")
    ]
    triples: list[Triple] = list(zip(*columns, strict=True))
    return np.array([choices.groups[each] for each in triples], dtype=np.int64)


def _known(scans: polars.DataFrame) -> NDArray[np.bool_]:
    """Whether each scan has one of the doses, and one of the qualities."""
    dose, quality = (
        np.any([np.isfinite(_column(scans, name)) for name in names], axis=0)
        for names in (DOSES, QUALITIES)
    )
    known: NDArray[np.bool_] = dose & quality
    return known


def _column(scans: polars.DataFrame, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = scans[name].fill_null(math.nan).to_numpy()
    return values
