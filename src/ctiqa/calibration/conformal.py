"""The width of the interval: how far single readers lie from the map on patients left out.

An interval is drawn around scores that are not clipped, and then clipped to the scale itself, as
those of the model: where a score lies far beyond the end of the scale, it is narrow.

Conformal prediction for hierarchical data: every patient counts alike, however many scores there
are of them, and a patient yet to come may lie beyond all (Lee, Barber, Willett, Distribution-free
inference with hierarchical data, arXiv:2306.06342, 2023).
"""

from __future__ import annotations

import math

import numpy as np

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.effects import Indices
from ctiqa.types import SCORE_RANGE, Floats

LEVEL = 0.9
"""Nominal coverage of the interval."""

FEWEST_PATIENTS = math.ceil(LEVEL / (1 - LEVEL) - 1e-9)
"""With fewer patients no finite interval has this coverage."""


BISECTIONS = 30
"""Halvings of the range in which a reach is searched."""


def reach(cases: Cases, values: Floats, score: Floats) -> Floats:
    """Half width that the intervals of slices need for their mean to contain a score.

    Args:
        cases: The cases.
        values: Scores of their slices, not clipped [slices].
        score: A score of each case, 0 to 4 [cases].

    Returns:
        The half widths [cases].

    >>> one = Cases(np.array([6.0]), np.array([0]), np.array([4.0]), np.array([0]))
    >>> float(reach(one, one.open_scores, one.target)[0].round(6))
    0.0
    >>> float(reach(one, one.open_scores, one.target - 1)[0].round(6))
    3.0
    """
    side = np.where(score < cases.means(np.clip(values, *SCORE_RANGE)), -1.0, 1.0)
    low, high = np.zeros(len(score)), np.full(len(score), np.abs(values).max() + SCORE_RANGE[1])
    for _ in range(BISECTIONS):
        half = (low + high) / 2
        ends = cases.means(np.clip(values + cases.of_slices(side * half), *SCORE_RANGE))
        enough = side * (ends - score) >= 0
        low, high = np.where(enough, low, half), np.where(enough, half, high)
    return high


def half_width(distance: Floats, patient: Indices, level: float = LEVEL) -> float:
    """Distance from the map that contains a share of the scores of new patients.

    Args:
        distance: Distance of every score from the map, made without its patient [n].
        patient: Index of its patient [n].
        level: Nominal coverage, in (0, 1).

    Returns:
        The distance; the largest there is if patients are too few for the coverage.

    >>> half_width(np.arange(1.0, 20.0), np.arange(19))
    18.0
    """
    counts = np.bincount(patient)
    weight = 1 / (counts[patient] * (np.count_nonzero(counts) + 1))
    order = np.argsort(distance, kind="stable")
    reached = np.cumsum(weight[order]) >= level - 1e-9
    return float(distance[order[int(np.argmax(reached)) if reached.any() else -1]])
