"""Agreement between predicted and true scores: correlations and errors, overall and by grade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.bootstrap import bootstrap_interval
from ctiqa.metrics.agreement.kappa import graded, weighted_kappa
from ctiqa.types import SCORE_RANGE, Floats

__all__ = [
    "Agreement",
    "Band",
    "Scores",
    "agreement",
    "bands",
    "bootstrap_interval",
    "checked_pairs",
    "lin_concordance",
    "rounded_to",
]

Scores = npt.NDArray[np.floating]

FEWEST_PAIRS = 3
"""Fewest examples with a meaningful order: two are always perfectly ordered or reversed."""

GRADE_EDGES = (0.0, 1.0, 2.0, 3.0, 4.0)
"""Edges of the label bands; a label on an edge belongs to the band above."""

PUBLISHED_VARIANTS = ("overall", "plcc", "srocc", "krocc", "mae", "mse")
"""Metrics in the tables of LDCTIQAC2023, TFKT and DistilIQA."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of predictions with labels.

    Correlations, concordance and kappa are 0 for fewer than three examples and for constant
    predictions or labels, because no association can be shown there.

    Attributes:
        plcc: Pearson's linear correlation, in [-1, 1].
        srocc: Spearman's rank correlation, ties at their mean rank, in [-1, 1].
        krocc: Kendall's tau-b, which leaves tied pairs out, in [-1, 1].
        krocc_a: Kendall's tau-a, in which tied pairs count 0, in [-1, 1].
        mae: Mean absolute error in grades.
        mse: Mean squared error in grades².
        bias: Mean of prediction minus label in grades; > 0 if predictions are too high.
        concordance: Lin's concordance, in [-1, 1]; 1 only if predictions equal labels.
        kappa: Cohen's kappa of the five grades with quadratic weights, in [-1, 1].
    """

    plcc: float
    srocc: float
    krocc: float
    krocc_a: float
    mae: float
    mse: float
    bias: float
    concordance: float
    kappa: float

    @classmethod
    def between(cls, predicted: Scores, label: Scores) -> Agreement:
        """Agreement of predicted with true scores.

        Args:
            predicted: Predicted scores [n], in grades 0–4.
            label: True scores [n], in grades 0–4.

        Returns:
            All metrics, always finite (see :class:`Agreement`).

        Raises:
            UsageError: If the two differ in length, are empty or not finite.

        >>> Agreement.between(np.array([0.1, 1.2, 3.9]), np.array([0.0, 1.0, 4.0])).srocc
        1.0
        """
        return agreement(predicted, label)

    @property
    def overall(self) -> float:
        """|PLCC| + |SROCC| + |tau-b|, in [0, 3]: the challenge's figure of merit (OPM)."""
        return abs(self.plcc) + abs(self.srocc) + abs(self.krocc)

    @property
    def overall_a(self) -> float:
        """|PLCC| + |SROCC| + |tau-a|, in [0, 3]: OPM by the tau of TFKT's equation 9."""
        return abs(self.plcc) + abs(self.srocc) + abs(self.krocc_a)

    @property
    def rmse(self) -> float:
        """Root mean squared error in grades."""
        return math.sqrt(self.mse)

    def as_dict(self) -> dict[str, float]:
        """The metrics that publications report, by name, ``overall`` first."""
        return {name: getattr(self, name) for name in PUBLISHED_VARIANTS}

    def metrics(self) -> dict[str, float]:
        """All metrics by name: those that publications report, then the others."""
        further = {"overall_a": self.overall_a, "rmse": self.rmse}
        return self.as_dict() | further | asdict(self)


@dataclass(frozen=True, slots=True)
class Band:
    """Agreement of the examples whose label lies in a band.

    A band spans at most one grade, so its correlations are lower than over the whole scale and
    comparable only within the same band. Errors are comparable throughout.

    Attributes:
        low: Lower edge, in grades, included.
        high: Upper edge, in grades, excluded except in the last band.
        n: Number of examples.
        agreement: Agreement of these examples; ``None`` for an empty band.
    """

    low: float
    high: float
    n: int
    agreement: Agreement | None


def agreement(predicted: Scores, label: Scores) -> Agreement:
    """Correlations and errors of predictions against labels.

    Pearson, Proc R Soc Lond 58:240–242, 1895; Spearman, Am J Psychol 15:72–101, 1904; Kendall,
    Biometrika 30:81–93, 1938 (tau-a) and 33:239–251, 1945 (tau-b); Lin, Biometrics 45:255–268,
    1989; Cohen, Psychol Bull 70:213–220, 1968.

    Args:
        predicted: Predicted scores [n], in grades 0–4.
        label: True scores [n], in grades 0–4.

    Returns:
        All metrics; always finite, even for one example or constant predictions or labels.

    Raises:
        UsageError: If the two differ in length, are empty or not finite.

    >>> agreement(np.array([0.1, 1.2, 3.9]), np.array([0.0, 1.0, 4.0])).srocc
    1.0
    >>> agreement(np.full(3, 2.0), np.array([0.0, 1.0, 4.0])).overall
    0.0
    """
    x, y = checked_pairs(predicted, label)
    error = x - y
    tau_b, tau_a = _kendall(x, y)
    return Agreement(
        plcc=_pearson(x, y),
        srocc=_spearman(x, y),
        krocc=tau_b,
        krocc_a=tau_a,
        mae=float(np.abs(error).mean()),
        mse=float((error**2).mean()),
        bias=float(error.mean()),
        concordance=lin_concordance(x, y),
        kappa=weighted_kappa(graded(x), graded(y)) if len(x) >= FEWEST_PAIRS else 0.0,
    )


def bands(
    predicted: Scores, label: Scores, edges: Sequence[float] = GRADE_EDGES
) -> tuple[Band, ...]:
    """Agreement in bands of the label; by default one band per grade.

    Args:
        predicted: Predicted scores [n], in grades.
        label: True scores [n], in grades.
        edges: Edges of the bands, increasing.

    Returns:
        All bands, including empty ones.

    Raises:
        UsageError: If pairs cannot be compared or labels lie outside the bands.

    >>> found = bands(np.array([0.5, 3.5]), np.array([0.0, 4.0]))
    >>> [(band.n, band.agreement and band.agreement.bias) for band in found]
    [(1, 0.5), (0, None), (0, None), (1, -0.5)]
    """
    x, y = checked_pairs(predicted, label)
    outside = int(np.sum((y < edges[0]) | (y > edges[-1])))
    if outside:
        raise UsageError(
            f"labels must lie in {edges[0]:g}–{edges[-1]:g}, got {y.min():g}–{y.max():g} "
            f"({outside} outside); bring them to the scale first"
        )
    place = np.minimum(np.digitize(y, edges) - 1, len(edges) - 2)
    found = []
    for k, (low, high) in enumerate(pairwise(edges)):
        here = place == k
        inside = agreement(x[here], y[here]) if here.any() else None
        found.append(Band(low, high, int(here.sum()), inside))
    return tuple(found)


def rounded_to(
    scores: npt.ArrayLike, step: float, limits: tuple[float, float] = SCORE_RANGE
) -> Floats:
    """Scores rounded to a grid, such as that of mean reader scores.

    Tau-b leaves tied pairs out, so rounding scores to the grid of the labels raises tau-b. A fair
    table shows both. Labels of LDCTIQAC2023 have steps of 1/5 in the training set (five readers)
    and 1/6 in the test set (six readers).

    Args:
        scores: Scores in grades, any shape.
        step: Spacing of the grid in grades; 0 is a grid point.
        limits: Lowest and highest score; scores beyond are clipped.

    Returns:
        The nearest grid points, float64, same shape; ties go to the even multiple of ``step``.

    Raises:
        UsageError: If the step is not positive and finite.

    >>> rounded_to([0.31, 3.49, 4.3], 0.2).tolist()
    [0.4, 3.4, 4.0]
    """
    if not 0 < step < math.inf:
        raise UsageError(f"'step' must be positive and finite, got {step}; labels step by 0.2, say")
    # Division by the steps of a grade keeps 3 · 0.2 from becoming 0.6000000000000001.
    points = np.rint(np.asarray(scores, dtype=np.float64) / step) / (1 / step)
    return np.clip(points, *limits)


def checked_pairs(predicted: npt.ArrayLike, label: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Predictions and labels as float64, after checking that they can be compared.

    Raises:
        UsageError: If the two differ in length, are empty or not finite.
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(label, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise UsageError(
            f"'predicted' and 'label' must be [n] of one length, got {x.shape}, {y.shape}"
        )
    if x.size == 0:
        raise UsageError("agreement needs at least 1 example, got 0")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError("'predicted' and 'label' must be finite; leave abstentions out first")
    return x, y


def lin_concordance(x: Floats, y: Floats) -> float:
    """Lin's concordance coefficient, with variances over n: Biometrics 45:255–268, 1989.

    >>> round(lin_concordance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 4)
    0.5714
    """
    if not _ordered(x, y):
        return 0.0
    shared = 2 * float(np.mean((x - x.mean()) * (y - y.mean())))
    return shared / float(x.var() + y.var() + (x.mean() - y.mean()) ** 2)


def _ordered(x: Floats, y: Floats) -> bool:
    return len(x) >= FEWEST_PAIRS and float(np.ptp(x)) > 0 and float(np.ptp(y)) > 0


def _pearson(x: Floats, y: Floats) -> float:
    if not _ordered(x, y):
        return 0.0
    dx, dy = _centred(x), _centred(y)
    return float(np.clip((dx @ dy) / math.sqrt((dx @ dx) * (dy @ dy)), -1, 1))


def _centred(values: Floats) -> Floats:
    centred = values - values.mean()
    # Scaled to 1: squares of tiny numbers would underflow.
    return np.asarray(centred / np.abs(centred).max())


def _spearman(x: Floats, y: Floats) -> float:
    from scipy.stats import rankdata  # noqa: PLC0415 - slow to import

    return _pearson(rankdata(x), rankdata(y))


def _kendall(x: Floats, y: Floats) -> tuple[float, float]:
    """Tau-b and tau-a, which differ in how they count tied pairs."""
    from scipy.stats import kendalltau  # noqa: PLC0415 - slow to import

    if not _ordered(x, y):
        return 0.0, 0.0
    tau_b = float(kendalltau(x, y).statistic)
    pairs = math.comb(len(x), 2)
    return tau_b, tau_b * math.sqrt(_untied(x) / pairs * _untied(y) / pairs)


def _untied(values: Floats) -> int:
    """Number of pairs of different values."""
    counts = np.unique(values, return_counts=True)[1]
    return math.comb(len(values), 2) - sum(math.comb(n, 2) for n in counts.tolist())
