"""The map from a model's scores to the readers' scale: piecewise linear, strictly increasing.

It is defined on open scores, which go on beyond 0 and 4: scans that all score 4.0 still differ
there, by their equivalent noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ctiqa.noise_scale import score_of_noise
from ctiqa.types import SCORE_RANGE, Floats


def open_score(score: float, equivalent_noise_hu: float | None) -> float:
    """A score on the scale that is open at both ends.

    Inside the scale it is the score. At an end of it the equivalent noise tells how far beyond; a
    model that does not estimate it stays at the end.

    Args:
        score: Score in [0, 4].
        equivalent_noise_hu: Equivalent noise in HU, if known.

    >>> open_score(3.0, 20.0), round(open_score(4.0, 8.0), 2), open_score(4.0, None)
    (3.0, 5.47, 4.0)
    """
    low, high = SCORE_RANGE
    if low < score < high or equivalent_noise_hu is None:
        return score
    beyond = score_of_noise(equivalent_noise_hu)
    return max(score, beyond) if score >= high else min(score, beyond)


@dataclass(frozen=True, slots=True)
class Curve:
    """A map from open scores to scores.

    Between knots it is linear, beyond the outer knots it goes straight on, and what lies beyond the
    scale is clipped to it, as every score is.

    Attributes:
        open_scores: Knots on the axis of the model, strictly increasing, two or more.
        scores: The score at every knot, strictly increasing.

    >>> Curve((0.0, 4.0), (0.5, 2.5))([2.0, 6.0, 12.0]).tolist()
    [1.5, 3.5, 4.0]
    """

    open_scores: tuple[float, ...]
    scores: tuple[float, ...]

    def __call__(self, values: npt.ArrayLike) -> Floats:
        """Map open scores, any shape, to scores in [0, 4]."""
        return np.clip(self.unclipped(values), *SCORE_RANGE)

    def unclipped(self, values: npt.ArrayLike) -> Floats:
        """Map open scores, any shape, to scores that are open as well."""
        x, (first, last) = np.asarray(values, dtype=np.float64), self._ends
        inside = np.interp(x, self.open_scores, self.scores)
        below = np.minimum(x - self.open_scores[0], 0) * first
        above = np.maximum(x - self.open_scores[-1], 0) * last
        return np.asarray(inside + below + above)

    @property
    def _ends(self) -> tuple[float, float]:
        """Slopes beyond the outer knots."""
        x, y = self.open_scores, self.scores
        return (y[1] - y[0]) / (x[1] - x[0]), (y[-1] - y[-2]) / (x[-1] - x[-2])


def is_curve(open_scores: Sequence[float], scores: Sequence[float]) -> bool:
    """Whether numbers are the knots of a strictly increasing curve.

    >>> is_curve([0, 4], [0, 4]), is_curve([0, 4], [2, 2]), is_curve([1], [1])
    (True, False, False)
    """
    if len(open_scores) != len(scores) or len(scores) < 2:
        return False
    return all(a < b for knots in (open_scores, scores) for a, b in pairwise(knots))
