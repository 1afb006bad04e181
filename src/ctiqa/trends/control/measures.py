"""The measures that have a course, and the scales on which they are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctiqa.noise_scale import LOG_NOISE_PER_GRADE
from ctiqa.trends.control.spread import LEAST_BETWEEN
from ctiqa.trends.result import ChartedMeasure


@dataclass(frozen=True, slots=True)
class Charted:
    """A measure with a course.

    Attributes:
        name: Fixed name.
        column: Its column.
        unit: Its unit.
        logarithmic: Whether logarithms are compared: noise and dose change by factors.
        least: Least scatter between periods, on the scale of comparison.
    """

    name: ChartedMeasure
    column: str
    unit: str
    logarithmic: bool
    least: float

    def shown(self, value: float) -> float:
        """A value on the scale of comparison in the unit of the measure."""
        return math.exp(value) if self.logarithmic else value

    def against_baseline(self, change: float, *, short: bool = False) -> str:
        """A change in words.

        >>> CHARTED[0].against_baseline(math.log(1.41)), CHARTED[2].against_baseline(-0.68)
        ('noise 1.41 × the baseline', 'score 0.7 below the baseline')
        >>> CHARTED[1].against_baseline(math.log(0.5), short=True)
        'dose 0.50 ×'
        """
        rest = "" if short else " the baseline"
        if self.logarithmic:
            return f"{self.name} {math.exp(change):.2f} ×{rest}"
        if abs(change) < 0.05:
            return f"{self.name} unchanged"
        return f"{self.name} {abs(change):.1f} {'above' if change > 0 else 'below'}{rest}"


CHARTED = (
    Charted("noise", "equivalent_noise_hu", "HU", logarithmic=True, least=LEAST_BETWEEN),
    Charted("dose", "ctdivol_mgy", "mGy", logarithmic=True, least=LEAST_BETWEEN),
    Charted("score", "score", "", logarithmic=False, least=LEAST_BETWEEN / LOG_NOISE_PER_GRADE),
)
"""Of alarms of the same periods, the first in this order stands for all."""
