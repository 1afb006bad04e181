"""The scale that labels and scores are on: 0-4 of the challenge, 0-1 of SSIM, 1-5 of opinions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.data.label_scale import parse_label_scale
from ctiqa.types import SCORE_RANGE, Floats

LABEL_STEPS = (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 10)
"""Steps that panels score in, in grades, coarsest first; LDCTIQAC2023 has 1/5, its test 1/6."""

USUAL_STEP = 1 / 5
"""Step, in grades, that predictions are rounded to where labels have no step of their own."""

STEP_TOLERANCE = 0.006
"""How far, in grades, a label may be from a step: tables print two decimals."""


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
        """The five values that are printed beside it."""
        return tuple(f"{self.low + k * self.grade:g}" for k in range(5))

    def grades(self, values: Floats) -> Floats:
        """Values of this scale in grades, 0-4."""
        return np.asarray((values - self.low) / self.grade)

    def clip(self, values: Floats) -> Floats:
        """Values within the scale."""
        return np.asarray(np.clip(values, self.low, self.high))

    def as_list(self) -> list[float]:
        """Worst and best, for a file."""
        return [self.low, self.high]


GRADES = Scale()
"""The scale of ctiqa and of the challenge, 0-4."""


def scale_of_words(words: str) -> Scale:
    """The scale that a manifest states in ``label_scale``.

    >>> scale_of_words("0-1")
    Scale(low=0.0, high=1.0)
    >>> scale_of_words("no scale")
    Scale(low=0.0, high=4.0)
    """
    return Scale(*parse_label_scale(words))


def label_step(labels: Floats, scale: Scale) -> float | None:
    """The step that labels are given in, in units of the labels; ``None`` if in no known one.

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
