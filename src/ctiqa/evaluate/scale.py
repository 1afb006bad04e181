"""The scale of labels and scores: 0-4 of the challenge, 0-1 of SSIM, 1-5 of opinion scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.data.label_scale import parse_label_scale
from ctiqa.types import SCORE_RANGE, Floats

LABEL_STEPS = (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 10)
"""Steps that reader panels use, in grades, coarsest first: LDCTIQAC2023 1/5, its test set 1/6."""

DEFAULT_STEP = 1 / 5
"""Step, in grades, that predictions are rounded to if labels have no step."""

STEP_TOLERANCE = 0.006
"""Tolerance, in grades, between a label and a step: tables print two decimals."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of labels and scores; higher is better.

    Attributes:
        low: Worst.
        high: Best.

    >>> Scale(0.0, 1.0).grades(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 2.0, 4.0]
    """

    low: float = SCORE_RANGE[0]
    high: float = SCORE_RANGE[1]

    @property
    def grade(self) -> float:
        """Length of one grade, a quarter of the scale."""
        return (self.high - self.low) / 4

    @property
    def ticks(self) -> tuple[str, ...]:
        """The five tick labels."""
        return tuple(f"{self.low + k * self.grade:g}" for k in range(5))

    def grades(self, values: Floats) -> Floats:
        """Convert values to grades, 0-4."""
        return np.asarray((values - self.low) / self.grade)

    def clip(self, values: Floats) -> Floats:
        """Clip values to the scale."""
        return np.asarray(np.clip(values, self.low, self.high))

    def as_list(self) -> list[float]:
        """Worst and best value, for a file."""
        return [self.low, self.high]


GRADES = Scale()
"""The scale of ctiqa and of the challenge, 0-4."""


def scale_of_words(words: str) -> Scale:
    """The scale that ``label_scale`` of a manifest states.

    >>> scale_of_words("0-1")
    Scale(low=0.0, high=1.0)
    >>> scale_of_words("no scale")
    Scale(low=0.0, high=4.0)
    """
    return Scale(*parse_label_scale(words))


def label_step(labels: Floats, scale: Scale) -> float | None:
    """The step of labels in their own units; ``None`` if they have none of the known steps.

    >>> label_step(np.array([0.2, 3.4, 1.0]), Scale())
    0.2
    >>> label_step(np.array([0.123, 3.4, 1.0]), Scale()) is None
    True
    """
    grades = scale.grades(labels)
    for step in LABEL_STEPS:
        if np.abs(grades - step * np.rint(grades / step)).max(initial=0) <= STEP_TOLERANCE:
            return float(step * scale.grade)
    return None
