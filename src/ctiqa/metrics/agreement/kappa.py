"""Cohen's weighted kappa of grades: agreement beyond chance, with credit for near misses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.types import SCORE_RANGE

Grades = npt.NDArray[np.intp]

_GRADES = 5
"""Bad, poor, fair, good, excellent: 0 to 4 (LDCTIQAC2023)."""


def graded(scores: npt.ArrayLike) -> Grades:
    """The nearest of the five grades; ties round up, scores beyond the scale are clipped.

    Args:
        scores: Scores in grades, any shape.

    >>> graded([0.49, 0.5, 2.5, 4.4]).tolist()
    [0, 1, 3, 4]
    """
    held = np.clip(np.asarray(scores, dtype=np.float64), *SCORE_RANGE)
    return np.floor(held + 0.5).astype(np.intp)


def weighted_kappa(first: Grades, second: Grades, *, grades: int = _GRADES) -> float:
    """Cohen's kappa with quadratic weights: 1 − observed/expected squared distance.

    Cohen, Psychol Bull 70:213–220, 1968.

    Args:
        first: Grades of one reader [n], from 0.
        second: Grades of another [n], from 0.
        grades: Number of grades.

    Returns:
        Kappa in [-1, 1]; 0 is agreement by chance. Also 0 if both readers give every example the
        same grade, where chance alone explains the agreement.

    Raises:
        UsageError: If the two differ in length, are empty, or hold a value that is no grade.

    >>> weighted_kappa(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 1]))
    0.8
    """
    table = confusion(first, second, grades=grades)
    steps = np.arange(grades)
    distance = (steps[:, None] - steps) ** 2
    expected = float((np.outer(table.sum(axis=1), table.sum(axis=0)) * distance).sum())
    if expected == 0:
        return 0.0
    return 1 - float((table * distance).sum()) * int(table.sum()) / expected


def confusion(first: Grades, second: Grades, *, grades: int = _GRADES) -> npt.NDArray[np.int64]:
    """Confusion matrix: counts of grade pairs [grades of the first, grades of the second].

    Raises:
        UsageError: If the two differ in length, are empty, or hold a value that is no grade.

    >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), grades=2).tolist()
    [[1, 0], [1, 1]]
    """
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise UsageError(
            f"grades must be [n] of one length, n ≥ 1, got {first.shape}, {second.shape}"
        )
    least, most = min(first.min(), second.min()), max(first.max(), second.max())
    if least < 0 or most >= grades:
        raise UsageError(f"grades must lie in 0–{grades - 1}, got {least}–{most}; grade them first")
    cells = np.bincount(first * grades + second, minlength=grades**2)
    return cells.reshape(grades, grades).astype(np.int64)
