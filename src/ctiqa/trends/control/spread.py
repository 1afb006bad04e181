"""How much the means of periods scatter while nothing changes, from those of the baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.trends.control.periods import Periods
from ctiqa.trends.robust import TRIMMED_VARIANCE, huber_variance
from ctiqa.types import Floats

HUBER_EFFICIENCY = 0.7
"""Degrees of freedom of Huber's scale for each of a standard deviation."""

PRIOR_PERIODS = 4
"""Weight, in periods, of the assumption that periods scatter by :data:`LEAST_BETWEEN` only. With
fewer, one odd week of eight would widen the limits much; with more, real scatter is not seen."""

LEAST_BETWEEN = 0.03
"""Least standard deviation between periods beyond that of their scans: 3 % of noise or dose.
Case mix and settings always differ a little, and less than this is no reason to act."""

MEDIAN_VARIANCE = 1.4
"""Variance of the median of three to twenty normal values over that of their mean."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Scatter of single scans and of periods in control.

    Attributes:
        centre: Median of the means of the baseline periods.
        within: Standard deviation of single scans about the mean of their period.
        between: Standard deviation of the true means of periods.
        centre_error: Standard error of the centre.
        freedom: Degrees of freedom of these deviations.
    """

    centre: float
    within: float
    between: float
    centre_error: float
    freedom: float

    def of_means(self, sizes: Floats) -> Floats:
        """Standard deviation of the means of periods with these numbers of scans."""
        return np.sqrt(TRIMMED_VARIANCE * self.within**2 / sizes + self.between**2)


def spread_of(periods: Periods, baseline: Flags, least: float) -> Spread:
    """Scatter in control, from the periods of a baseline.

    The scatter within periods is that of single scans about the means of their periods. That
    between periods is what the means scatter more than this explains, shrunk towards ``least``.
    Both are Huber's scale.

    Args:
        periods: Periods of a chart.
        baseline: Which of them count [periods]; at least one.
        least: Least scatter between periods.
    """
    means, sizes = periods.means[baseline], periods.sizes[baseline]
    inside = periods.deviations[baseline[periods.labels]]
    within = max(math.sqrt(huber_variance(inside)), least)
    centre = float(np.median(means))
    errors = TRIMMED_VARIANCE * within**2 / sizes
    excess = max(huber_variance((means - centre) / np.sqrt(errors)) - 1, 0.0)
    weight = (means.size - 1) / (means.size - 1 + PRIOR_PERIODS)
    between = max(math.sqrt(weight * excess * float(np.median(errors))), least)
    variance = float(np.mean(errors)) + between**2
    return Spread(
        centre=centre,
        within=within,
        between=between,
        centre_error=math.sqrt(MEDIAN_VARIANCE * variance / means.size),
        freedom=HUBER_EFFICIENCY * max(float(sizes.sum()) - means.size, 1.0),
    )
