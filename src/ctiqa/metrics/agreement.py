"""Agreement between predicted and true scores, with patient-clustered intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError

Scores = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well predictions follow labels.

    Attributes:
        plcc: Pearson's linear correlation, in [-1, 1].
        srocc: Spearman's rank correlation, in [-1, 1].
        krocc: Kendall's tau-b, in [-1, 1].
        mae: Mean absolute error in grades.
        mse: Mean squared error in grades².
    """

    plcc: float
    srocc: float
    krocc: float
    mae: float
    mse: float

    @property
    def overall(self) -> float:
        """|PLCC| + |SROCC| + |KROCC|, in [0, 3]: the challenge's figure of merit (OPM)."""
        return abs(self.plcc) + abs(self.srocc) + abs(self.krocc)

    def as_dict(self) -> dict[str, float]:
        """All figures by name, ``overall`` first."""
        return {"overall": self.overall, **asdict(self)}


def agreement(predicted: Scores, label: Scores) -> Agreement:
    """Correlations and errors of predictions against labels.

    Constant predictions or labels carry no order: their correlations are 0, not NaN.

    Args:
        predicted: Predicted scores [n].
        label: True scores [n].

    Raises:
        UsageError: If the two differ in length or hold fewer than 3 finite pairs.

    >>> agreement(np.array([0.1, 1.2, 3.9]), np.array([0.0, 1.0, 4.0])).srocc
    1.0
    """
    from scipy import stats  # noqa: PLC0415 - slow to import

    x, y = _pairs(predicted, label)
    error = x - y
    mae, mse = float(np.abs(error).mean()), float((error**2).mean())
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Agreement(0.0, 0.0, 0.0, mae, mse)
    return Agreement(
        plcc=float(np.corrcoef(x, y)[0, 1]),
        srocc=float(stats.spearmanr(x, y).statistic),
        krocc=float(stats.kendalltau(x, y).statistic),
        mae=mae,
        mse=mse,
    )


def _pairs(
    predicted: Scores, label: Scores
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(label, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise UsageError(
            f"'predicted' and 'label' must be [n] of one length, got {x.shape}, {y.shape}"
        )
    if x.size < 3:
        raise UsageError(f"agreement needs at least 3 examples, got {x.size}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise UsageError("'predicted' and 'label' must be finite; leave abstentions out first")
    return x, y


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    clusters: npt.NDArray[np.generic],
    rng: np.random.Generator,
    *,
    resamples: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic when whole clusters (patients) are redrawn.

    Slices of one patient are alike; drawing them one by one would make any interval too narrow.

    Args:
        statistic: Figure computed from the drawn example indices.
        clusters: Patient of every example [n].
        rng: Draws the patients.
        resamples: Number of redrawn sets.
        level: Coverage, in (0, 1).

    Returns:
        Lower and upper bound.

    Raises:
        UsageError: If there are fewer than two clusters.
    """
    names, owner = np.unique(clusters, return_inverse=True)
    if len(names) < 2:
        raise UsageError(f"a clustered interval needs at least 2 patients, got {len(names)}")
    members = [np.flatnonzero(owner == k) for k in range(len(names))]
    values = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(len(names), size=len(names))
        values[i] = statistic(np.concatenate([members[k] for k in drawn]))
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
