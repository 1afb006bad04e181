"""From the scans of a chart to its periods: alike reconstructions, and patients of one size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from ctiqa.trends.control.baseline import Days, baseline_periods, is_enough
from ctiqa.trends.control.measures import Charted
from ctiqa.trends.control.periods import Labels, Periods, periods_of
from ctiqa.trends.control.spread import Flags
from ctiqa.trends.result import Every
from ctiqa.trends.robust import theil_sen
from ctiqa.types import Floats

LEAST_CELL = 5
"""Fewest scans of a reconstruction in the baseline that say what is usual for it."""

LEAST_SIZES = 20
LEAST_SIZE_RANGE_CM = 1.0
"""Fewest patients, and least interquartile range of their size, for its influence."""


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Scans of one protocol and scanner, with a day and a value of one measure.

    Attributes:
        days: First day of the period of each scan [scans].
        cells: Reconstruction (kernel and thickness) of each [scans], from 0.
        sizes_cm: Water-equivalent diameter of each [scans], NaN if unknown.
        values: Value of each on the scale of comparison [scans].
    """

    days: Days
    cells: Labels
    sizes_cm: Floats
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What the limits of a chart are computed from.

    Attributes:
        measure: The measure.
        periods: Periods of the scans that can be compared.
        baseline: Periods of the baseline [periods]; none if there are too few.
        usual: Value of the most frequent reconstruction in a patient of usual size.
        size_slope: Change per cm of water-equivalent diameter that was removed, or ``None``.
        n_unlike: Scans of reconstructions that the baseline does not have.
    """

    measure: Charted
    periods: Periods
    baseline: Flags
    usual: float
    size_slope: float | None
    n_unlike: int


def prepared(
    raw: Raw, measure: Charted, every: Every, stated: tuple[date, date] | None
) -> Prepared:
    """Compare scans with the baseline scans of their reconstruction and size.

    What the size of a patient explains is removed, so that a week of large patients is no alarm.
    Scans of unknown size stay as they are.

    Args:
        raw: At least one scan.
        measure: The measure.
        every: Length of the periods.
        stated: First and last day of the baseline, or ``None``.
    """
    chosen = _baseline_scans(raw, every, stated)
    reference = chosen if chosen.any() else np.ones_like(chosen)
    slope = _size_slope(raw, reference)
    values = raw.values - _size_part(raw, reference, slope)
    usual = _usual(values, raw.cells, reference)
    kept = np.isfinite(usual[raw.cells])
    periods = periods_of(raw.days[kept], raw.cells[kept], (values - usual[raw.cells])[kept])
    baseline = np.isin(periods.days, raw.days[chosen]) & periods.judged
    if not is_enough(baseline, periods.n):
        baseline = np.zeros_like(baseline)
    main = int(np.argmax(np.where(np.isfinite(usual), np.bincount(raw.cells), -1)))
    return Prepared(measure, periods, baseline, float(usual[main]), slope, int((~kept).sum()))


def _baseline_scans(raw: Raw, every: Every, stated: tuple[date, date] | None) -> Flags:
    """The scans of the baseline [scans]; none if there would be too few."""
    days, labels, counts = np.unique(raw.days, return_inverse=True, return_counts=True)
    chosen: Flags = baseline_periods(days, counts, every, stated)[labels]
    return chosen


def _size_slope(raw: Raw, reference: Flags) -> float | None:
    """Change per cm, within reconstructions; ``None`` if sizes are unknown or hardly differ."""
    known = reference & np.isfinite(raw.sizes_cm)
    if known.sum() < LEAST_SIZES:
        return None
    sizes, values, cells = raw.sizes_cm[known], raw.values[known], raw.cells[known]
    if np.subtract(*np.percentile(sizes, [75, 25])) < LEAST_SIZE_RANGE_CM:
        return None
    for part in (cells == cell for cell in np.unique(cells)):
        sizes = np.where(part, sizes - np.median(sizes[part]), sizes)
        values = np.where(part, values - np.median(values[part]), values)
    return theil_sen(sizes, values)


def _size_part(raw: Raw, reference: Flags, slope: float | None) -> Floats:
    """What the size of each patient explains [scans], against the usual size."""
    if slope is None:
        return np.zeros(raw.values.size)
    part: Floats = slope * (raw.sizes_cm - np.nanmedian(raw.sizes_cm[reference]))
    return np.where(np.isfinite(part), part, 0.0)


def _usual(values: Floats, cells: Labels, reference: Flags) -> Floats:
    """Median of each reconstruction in the reference [cells]; NaN if it has too few."""
    counts = np.bincount(cells[reference], minlength=int(cells.max()) + 1)
    least = min(LEAST_CELL, int(counts.max()))
    return np.array(
        [
            np.median(values[reference & (cells == cell)]) if count >= least else np.nan
            for cell, count in enumerate(counts)
        ]
    )
