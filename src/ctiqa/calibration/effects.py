"""How readers differ: the bias of each as a random effect, and what is left of every score.

Score = case + bias of the reader + rest. Cases are fixed, because what the readers share is not
to be shrunk; biases are random, because other readers will use the map. The two variances are
estimated by restricted maximum likelihood (Patterson and Thompson, Biometrika 58:545–554, 1971),
the biases by their best linear unbiased prediction (Henderson, Biometrics 31:423–447, 1975). With
the cases eliminated, the likelihood depends on one number, the ratio of the variances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.types import Floats

Indices = npt.NDArray[np.intp]

RATIOS = (1e-4, 1e4)
"""Smallest and largest ratio of the variances, between readers to within, besides 0."""

LEAST_VARIANCE = 1e-12
"""Smaller variances are rounding errors of equal scores."""


@dataclass(frozen=True, slots=True, eq=False)
class ReaderEffects:
    """What readers add to the cases.

    Attributes:
        bias: Predicted bias of each reader in grades [readers]; > 0 for one who gives more than
            the others. Shrunk towards 0; their mean over readers of the same cases is 0.
        between_sd: Standard deviation of the biases.
        within_sd: Standard deviation of what is left of a single score.
    """

    bias: Floats
    between_sd: float
    within_sd: float


def reader_effects(case: Indices, reader: Indices, score: Floats) -> ReaderEffects | None:
    """Estimate the biases of readers from the cases that several of them read.

    Args:
        case: Index of the case of each score [n].
        reader: Index of its reader [n].
        score: Score in grades [n].

    Returns:
        The effects; ``None`` if no case has several readers, so that biases cannot be told from
        differences between cases.

    >>> case, reader = np.repeat(np.arange(30), 2), np.tile([0, 1], 30)
    >>> score = np.linspace(0, 3, 30)[case] + np.array([0.0, 0.6])[reader]
    >>> found = reader_effects(case, reader, score)
    >>> found.bias.round(2).tolist(), round(found.within_sd, 2)
    ([-0.3, 0.3], 0.0)
    """
    freedom = len(score) - len(np.unique(case))
    if freedom == 0:
        return None
    count = int(reader.max()) + 1
    within = _centred(np.column_stack([np.eye(count)[reader], score]), case)
    design, rest = within[:, :count], within[:, count]
    values, vectors = np.linalg.eigh(design.T @ design)
    values = np.maximum(values, 0)
    found = vectors.T @ (design.T @ rest)
    total = float(rest @ rest)
    ratio = _best_ratio(values, found, total, freedom)
    bias = vectors @ (ratio * found / (1 + ratio * values))
    variance = _left(ratio, values, found, total) / freedom
    return ReaderEffects(bias, float(np.sqrt(ratio * variance)), float(np.sqrt(variance)))


def without_bias(score: Floats, reader: Indices, effects: ReaderEffects | None) -> Floats:
    """Scores without the biases of their readers [n]."""
    return score if effects is None else score - effects.bias[reader]


def case_means(case: Indices, score: Floats) -> Floats:
    """Mean score of every case [cases].

    >>> case_means(np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0])).tolist()
    [1.0, 2.5]
    """
    return np.asarray(np.bincount(case, weights=score) / np.bincount(case))


def _centred(columns: Floats, case: Indices) -> Floats:
    """Columns without their means over each case, which eliminates the cases."""
    means = np.column_stack([case_means(case, column) for column in columns.T])
    return np.asarray(columns - means[case])


def _left(ratio: float, values: Floats, found: Floats, total: float) -> float:
    """Weighted sum of squares that is left for a ratio of the variances."""
    return max(total - float(np.sum(ratio * found**2 / (1 + ratio * values))), LEAST_VARIANCE)


def _best_ratio(values: Floats, found: Floats, total: float, freedom: int) -> float:
    """The ratio of the variances with the greatest restricted likelihood."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - slow to import

    def deviance(ratio: float) -> float:
        left = _left(ratio, values, found, total)
        return freedom * float(np.log(left)) + float(np.sum(np.log1p(ratio * values)))

    searched = minimize_scalar(
        lambda exponent: deviance(float(np.exp(exponent))),
        bounds=tuple(np.log(RATIOS)),
        method="bounded",
    )
    ratio = float(np.exp(searched.x))
    return ratio if deviance(ratio) < deviance(0.0) else 0.0
