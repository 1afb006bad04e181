"""All agreement metrics of all bootstrap samples at once.

Drawing patients with replacement gives each example an integer weight, the number of times it was
drawn. Every metric is a sum over weighted examples or weighted pairs of examples, so nothing is
copied or sorted again. The result equals that of
:func:`ctiqa.metrics.agreement.coefficients.agreement` on the explicitly repeated examples, with
ties among the repeats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.bootstrap import Draws
from ctiqa.metrics.agreement.coefficients import FEWEST_PAIRS, Scores, checked_pairs
from ctiqa.metrics.agreement.kappa import graded
from ctiqa.types import Floats

MOST_WEIGHTS = 250_000
"""Weights processed at a time: few enough to stay in the cache."""

MOST_PAIRS = 1_000_000
"""Pairs of examples held in memory at a time."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """Ranks of scores in each bootstrap sample.

    Attributes:
        rank: Mean rank, centred on 0 [resamples, n].
        square: Sum of the squares of the ranks [resamples].
        untied: Ordered pairs of different values [resamples].
    """

    rank: Floats
    square: Floats
    untied: Floats


def bootstrap_metrics(predicted: Scores, label: Scores, draws: Draws) -> dict[str, Floats]:
    """Every agreement metric in each bootstrap sample.

    Args:
        predicted: Predicted scores [n], in grades.
        label: True scores [n], in grades.
        draws: Bootstrap samples of patients.

    Returns:
        Each metric of :meth:`ctiqa.metrics.agreement.coefficients.Agreement.metrics` [resamples],
        all finite.

    Raises:
        UsageError: If predictions, labels and patients differ in length or are not finite.

    >>> from ctiqa.metrics.agreement.bootstrap import draw_patients
    >>> draws = draw_patients(np.arange(4), np.random.default_rng(0), 5)
    >>> scores = np.array([0.0, 1.0, 2.0, 4.0])
    >>> bootstrap_metrics(scores, scores + 0.5, draws)["bias"].tolist()
    [-0.5, -0.5, -0.5, -0.5, -0.5]
    """
    x, y = checked_pairs(predicted, label)
    if len(draws.owner) != len(x):
        raise UsageError(f"every example needs a patient: {len(x)} examples, {len(draws.owner)}")
    right_order = _right_order(x, y, draws)
    size = max(MOST_WEIGHTS // len(x), 1)
    parts = [
        _metrics(x, y, draws.times[start : start + size][:, draws.owner], right_order[start:])
        for start in range(0, len(draws.times), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _metrics(x: Floats, y: Floats, weights: Floats, right_order: Floats) -> dict[str, Floats]:
    """Metrics of some bootstrap samples, the first of ``right_order``."""
    error = x - y
    n = weights.sum(axis=1)
    mae, mse, bias = (weights @ np.column_stack([np.abs(error), error**2, error])).T / n
    found = _correlations(x, y, weights, right_order[: len(n)])
    order = np.abs(found["plcc"]) + np.abs(found["srocc"])
    return {
        "overall": order + np.abs(found["krocc"]),
        "overall_a": order + np.abs(found["krocc_a"]),
        "mae": mae,
        "mse": mse,
        "rmse": np.sqrt(mse),
        "bias": bias,
        **found,
    }


def _correlations(x: Floats, y: Floats, weights: Floats, right_order: Floats) -> dict[str, Floats]:
    n = weights.sum(axis=1)
    of_x, of_y = _ranked(x, weights), _ranked(y, weights)
    plcc, concordance = _linear(x, y, weights)
    # With quadratic weights kappa is the concordance of the grades: Krippendorff, Sociol Methodol
    # 2:139–150, 1970.
    kappa = _linear(graded(x).astype(np.float64), graded(y).astype(np.float64), weights)[1]
    found = {
        "plcc": np.clip(plcc, -1, 1),
        "srocc": _ratio(
            np.einsum("rn,rn,rn->r", weights, of_x.rank, of_y.rank),
            np.sqrt(of_x.square * of_y.square),
        ),
        "krocc": _ratio(right_order, np.sqrt(of_x.untied * of_y.untied)),
        "krocc_a": _ratio(right_order, n * (n - 1)),
        "concordance": concordance,
    }
    shown = (n >= FEWEST_PAIRS) & (of_x.untied > 0) & (of_y.untied > 0)
    every = {name: np.where(shown, values, 0.0) for name, values in found.items()}
    return {**every, "kappa": np.where(n >= FEWEST_PAIRS, kappa, 0.0)}


def _linear(x: Floats, y: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Pearson's correlation and Lin's concordance."""
    n = weights.sum(axis=1)
    mean_x, mean_y = (weights @ np.column_stack([x, y])).T / n
    # Centred in each sample: a difference of sums would cancel the small variance of few patients.
    dx, dy = x - mean_x[:, None], y - mean_y[:, None]
    var_x, var_y, cov = (
        np.einsum("rn,rn,rn->r", weights, a, b) / n for a, b in ((dx, dx), (dy, dy), (dx, dy))
    )
    apart = (mean_x - mean_y) ** 2
    return _ratio(cov, np.sqrt(var_x) * np.sqrt(var_y)), _ratio(2 * cov, var_x + var_y + apart)


def _ranked(values: Floats, weights: Floats) -> Ranked:
    """Mean ranks with every value repeated by its weight."""
    code = np.unique(values, return_inverse=True)[1]
    by_code = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[by_code], np.arange(code.max() + 1))
    repeats = np.add.reduceat(weights[:, by_code], starts, axis=1)
    n = weights.sum(axis=1)
    rank = np.cumsum(repeats, axis=1) - repeats / 2 - n[:, None] / 2
    return Ranked(
        rank=rank[:, code],
        square=np.einsum("rl,rl,rl->r", repeats, rank, rank),
        untied=n**2 - np.einsum("rl,rl->r", repeats, repeats),
    )


def _right_order(x: Floats, y: Floats, draws: Draws) -> Floats:
    """Concordant minus discordant ordered pairs of examples [resamples]."""
    by_owner = np.argsort(draws.owner, kind="stable")
    x, y, owner = x[by_owner], y[by_owner], draws.owner[by_owner]
    starts = np.searchsorted(owner, np.arange(draws.times.shape[1]))
    times = np.ascontiguousarray(draws.times.T)
    total = np.zeros(times.shape[1])
    for rows in _blocks(len(x)):
        order = np.sign(x[rows, None] - x) * np.sign(y[rows, None] - y)
        by_patient = np.add.reduceat(order, starts, axis=1)
        total += np.einsum("br,br->r", by_patient @ times, times[owner[rows]])
    return total


def _blocks(n: int) -> Iterator[slice]:
    size = max(MOST_PAIRS // n, 1)
    for start in range(0, n, size):
        yield slice(start, start + size)


def _ratio(above: Floats, below: Floats) -> Floats:
    """A quotient; 0 where the denominator is not positive."""
    varies = below > 0
    return np.where(varies, above / np.where(varies, below, 1), 0.0)
