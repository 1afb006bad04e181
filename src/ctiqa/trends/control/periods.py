"""Means of periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.trends.robust import trimmed_means
from ctiqa.types import Floats

LEAST_SCANS = 3
"""Fewest scans of a period that is judged. The limits of so few are wide, but a dose cut to half is
seen in them."""

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """The scans of a chart by period, without empty periods.

    Attributes:
        days: First day of each [periods], as numpy's ``datetime64[D]``.
        n: Scans of each [periods].
        sizes: Independent scans of each [periods]: those of the most frequent reconstruction, as
            several reconstructions of one acquisition rise and fall together.
        means: Robust mean of each [periods].
        labels: Number of the period of each scan [scans].
        deviations: Each scan less the mean of its period, times √(n/(n − 1)) as the mean follows
            the scans [scans].
    """

    days: npt.NDArray[np.datetime64]
    n: Labels
    sizes: Floats
    means: Floats
    labels: Labels
    deviations: Floats

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Whether a period has enough scans [periods]."""
        return self.n >= LEAST_SCANS


def periods_of(days: npt.NDArray[np.datetime64], cells: Labels, values: Floats) -> Periods:
    """Group scans by period.

    Args:
        days: First day of the period of each scan [scans].
        cells: Reconstruction of each scan [scans], from 0.
        values: Value of each scan [scans].
    """
    starts, labels = np.unique(days, return_inverse=True)
    n = np.bincount(labels)
    means = trimmed_means(values, labels, starts.size)
    each = n[labels]
    grown = np.sqrt(each / np.maximum(each - 1, 1))
    return Periods(
        days=starts,
        n=n,
        sizes=_most_frequent(labels, cells, starts.size),
        means=means,
        labels=labels,
        deviations=(values - means[labels]) * grown,
    )


def _most_frequent(labels: Labels, cells: Labels, count: int) -> Floats:
    """Scans of the most frequent reconstruction of each period [count]."""
    width = int(cells.max()) + 1
    pairs, sizes = np.unique(labels * width + cells, return_counts=True)
    most = np.zeros(count)
    np.maximum.at(most, pairs // width, sizes)
    return most
