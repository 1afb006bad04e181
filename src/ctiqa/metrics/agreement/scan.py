"""Aggregate slice scores to one score per scan.

There are four methods. TFKT's out-of-domain test (Rifa et al., SPIE Medical Imaging 2025) uses the
mean. The median ignores a few bad slices; the worst tenth looks at exactly those, because a good
mean can hide bad slices at the shoulders. The mean weighted by body area gives every part of the
patient the same weight, regardless of slice count and surrounding air. Slices without a score are
NaN and are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.types import Floats

Aggregation = Literal["mean", "median", "worst-tenth", "area-weighted"]

WORST_SHARE = 10
"""The worst tenth is one slice in 10."""


def mean(scores: Floats) -> float:
    """Mean of the slice scores [n], none of them NaN, n >= 1.

    >>> mean(np.array([1.0, 2.0, 4.5]))
    2.5
    """
    return float(np.mean(scores))


def median(scores: Floats) -> float:
    """Median of the slice scores [n], none of them NaN, n >= 1.

    >>> median(np.array([1.0, 2.0, 4.0]))
    2.0
    """
    return float(np.median(scores))


def worst_tenth(scores: Floats) -> float:
    """Mean of the lowest tenth of the slice scores [n], rounded up to whole slices.

    >>> worst_tenth(np.array([3.0] * 18 + [1.0, 2.0]))
    1.5
    >>> worst_tenth(np.array([3.0, 2.0]))
    2.0
    """
    worst = -(-len(scores) // WORST_SHARE)
    return float(np.mean(np.sort(scores)[:worst]))


def area_weighted(scores: Floats, areas: Floats) -> float:
    """Mean of the slice scores [n], weighted by body area.

    Args:
        scores: Slice scores, none of them NaN.
        areas: Body area of each slice [n], >= 0, all in one unit (mm², or pixels of one size).

    Raises:
        UsageError: If an area is negative or not finite, or all are 0.

    >>> area_weighted(np.array([1.0, 4.0]), np.array([300.0, 100.0]))
    1.75
    """
    if not (np.isfinite(areas).all() and (areas >= 0).all() and areas.sum() > 0):
        raise UsageError(
            f"'areas' must be finite, >= 0 and not all 0 where slices were scored, "
            f"got {areas.min():g}…{areas.max():g}"
        )
    return float(np.average(scores, weights=areas))


SCAN_AGGREGATIONS: Mapping[str, Callable[[Floats], float]] = {
    "mean": mean,
    "median": median,
    "worst-tenth": worst_tenth,
}
"""Methods that need only the scores; ``area-weighted`` needs areas too."""


def scan_score(
    scores: npt.ArrayLike, by: Aggregation = "mean", *, areas: npt.ArrayLike | None = None
) -> float:
    """Score of a scan from its slice scores.

    Args:
        scores: Slice scores [slices], NaN where a slice was not scored.
        by: ``mean``, ``median``, ``worst-tenth`` (mean of the lowest 10 %) or ``area-weighted``.
        areas: Body area of each slice [slices]; used by ``area-weighted`` only.

    Returns:
        Score on the scale of the slice scores; NaN if no slice was scored.

    Raises:
        UsageError: If ``by`` is unknown, a score is infinite, or ``area-weighted`` does not get
            one finite area >= 0 per slice, not all 0.

    >>> scan_score([3.0, 2.0, float("nan"), 1.0])
    2.0
    >>> scan_score([3.0, 2.0, float("nan")], "area-weighted", areas=[100.0, 300.0, 0.0])
    2.25
    """
    every = _slices("scores", scores)
    if np.isinf(every).any():
        raise UsageError("'scores' must be finite, or NaN where a slice was not scored")
    scored = ~np.isnan(every)
    if by in SCAN_AGGREGATIONS:
        return SCAN_AGGREGATIONS[by](every[scored]) if scored.any() else float("nan")
    if by != "area-weighted":
        raise UsageError(f"'by' must be one of {', '.join(get_args(Aggregation))}, got {by!r}")
    weights = _slices("areas", [] if areas is None else areas)
    if weights.shape != every.shape:
        raise UsageError(f"'areas' must be {len(every)}, one per slice, got {len(weights)}")
    return area_weighted(every[scored], weights[scored]) if scored.any() else float("nan")


def _slices(name: str, values: npt.ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise UsageError(f"'{name}' must be [slices], got {list(found.shape)}")
    return found
