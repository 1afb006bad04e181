"""Patient-clustered bootstrap: confidence intervals, p-values and their adjustment.

Slices of one patient are correlated, and resampling single slices would make the intervals too
narrow. Whole patients are therefore resampled: Efron, Ann Stat 7:1–26, 1979; Field and Welsh,
J R Stat Soc B 69:369–390, 2007 (clusters).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.types import Floats

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Draws:
    """Bootstrap samples of patients, drawn with replacement.

    Attributes:
        owner: Index of the patient of each example [n].
        times: How often each patient was drawn [resamples, patients].
    """

    owner: npt.NDArray[np.intp]
    times: Floats

    @property
    def weights(self) -> Floats:
        """How often each example was drawn [resamples, n]."""
        return self.times[:, self.owner]


def draw_patients(
    clusters: npt.NDArray[np.generic], rng: np.random.Generator, resamples: int = RESAMPLES
) -> Draws:
    """Draw bootstrap samples of patients.

    Args:
        clusters: Patient of each example [n].
        rng: Random generator.
        resamples: Number of bootstrap samples, at least 1.

    Raises:
        UsageError: If there are fewer than two patients or no resamples.

    >>> draws = draw_patients(np.array(["a", "a", "b"]), np.random.default_rng(0), 2)
    >>> draws.times.sum(axis=1).tolist()
    [2.0, 2.0]
    """
    owner, patients = _numbered(clusters)
    if resamples < 1:
        raise UsageError(f"'resamples' must be at least 1, got {resamples}")
    times = np.empty((resamples, patients))
    for row in times:
        row[:] = np.bincount(rng.integers(patients, size=patients), minlength=patients)
    return Draws(owner, times)


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    clusters: npt.NDArray[np.generic],
    rng: np.random.Generator,
    *,
    resamples: int = 1000,
    level: float = LEVEL,
) -> tuple[float, float]:
    """Percentile confidence interval of any statistic, resampling whole patients.

    For the agreement metrics, :func:`ctiqa.metrics.agreement_intervals` gives the same bounds from
    the same generator, a thousand times faster.

    Args:
        statistic: Computes a value from the drawn example indices.
        clusters: Patient of each example [n].
        rng: Random generator for the resampling.
        resamples: Number of bootstrap samples.
        level: Coverage, in (0, 1).

    Returns:
        Lower and upper bound.

    Raises:
        UsageError: If there are fewer than two clusters.

    >>> values = np.array([0.0, 0.0, 2.0, 2.0])
    >>> rng = np.random.default_rng(0)
    >>> bootstrap_interval(lambda drawn: values[drawn].mean(), np.array([0, 0, 1, 1]), rng)
    (0.0, 2.0)
    """
    owner, patients = _numbered(clusters)
    members = [np.flatnonzero(owner == k) for k in range(patients)]
    values = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(patients, size=patients)
        values[i] = statistic(np.concatenate([members[k] for k in drawn]))
    return percentile_interval(values, level)


def percentile_interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval of bootstrap values.

    Args:
        values: Value in each bootstrap sample [resamples].
        level: Coverage, in (0, 1).

    Raises:
        UsageError: If the level is not in (0, 1).

    >>> percentile_interval(np.arange(101.0), 0.5)
    (25.0, 75.0)
    """
    if not 0 < level < 1:
        raise UsageError(f"'level' must lie between 0 and 1, got {level}; 0.95 is usual")
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def two_sided_p(differences: Floats) -> float:
    """Two-sided bootstrap p-value: twice the smaller tail beyond 0.

    One is added to both counts because a finite number of resamples cannot show a p-value of 0:
    Davison and Hinkley, Bootstrap methods and their application, section 4.2, 1997.

    Args:
        differences: Difference in each bootstrap sample [resamples].

    >>> two_sided_p(np.array([1.0, 2.0, 3.0]))
    0.5
    """
    below, above = int(np.sum(differences <= 0)), int(np.sum(differences >= 0))
    return min(2 * (min(below, above) + 1) / (len(differences) + 1), 1.0)


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjustment of p-values for multiple comparisons.

    Rejecting where the adjusted p-value is below 0.05 keeps the family-wise error rate at 5 %.
    Holm, Scand J Stat 6:65–70, 1979.

    Args:
        p: p-values, in [0, 1].

    Returns:
        Adjusted p-values, in the given order.

    Raises:
        UsageError: If a p-value is outside [0, 1].

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    outside = [each for each in p if not 0 <= each <= 1]
    if outside:
        raise UsageError(f"probabilities must lie in 0–1, got {outside}")
    order = sorted(range(len(p)), key=p.__getitem__)
    adjusted = [0.0] * len(p)
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min((len(p) - rank) * p[place], 1.0))
        adjusted[place] = least
    return tuple(adjusted)


def _numbered(clusters: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.intp], int]:
    """Index of the patient of each example, and the number of patients."""
    names, owner = np.unique(clusters, return_inverse=True)
    if len(names) < 2:
        raise UsageError(f"a clustered interval needs at least 2 patients, got {len(names)}")
    return owner, len(names)
