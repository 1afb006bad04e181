"""Filters of the image: a score must reward what they gain in fidelity, and nothing else.

The images are made with the data set: of some held-out slices, one unfiltered image and every
family of filters at every strength. The clean original is known, so what a filter gains or loses
is known as well. All values are in grades, quarters of the scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from ctiqa.data.manifest import FILTERED
from ctiqa.evaluate.manifest_table import numbers, share
from ctiqa.evaluate.scored import LABEL, SCORE
from ctiqa.types import Floats

ALLOWED_RISE = 0.1
"""Rise of the score, in grades, that is tolerated when a filter does harm."""

STRONG_BLUR_PIXELS = 3.0
"""A Gaussian of this many pixels or more does harm, whatever the measures say."""

FIDELITY_STEP = 0.1
"""Fall of the label, in grades, from which a stronger filter counts as worse."""

RMSE, GRADIENTS = "rmse_hu", "loss_3"
"""Columns of the error in HU, and of 1 − gradient similarity, to the clean original."""


@dataclass(frozen=True, slots=True)
class FilterResponse:
    """What a score makes of filters.

    Attributes:
        pairs: Number of filtered images, each paired with the unfiltered one.
        harmful: Number of them that are worse in error and in gradient similarity, or blurred by
            :data:`STRONG_BLUR_PIXELS` and more.
        rewarded: Share of the harmful ones that score higher by more than :data:`ALLOWED_RISE`.
        steps: Number of steps to the next strength in which the label falls by more than
            :data:`FIDELITY_STEP`.
        falling: Share of these steps in which the score does not rise.
        rank_correlation: Spearman correlation of the changes of score and label by filtering;
            ``None`` if one of them never changes.
    """

    pairs: int
    harmful: int
    rewarded: float
    steps: int
    falling: float
    rank_correlation: float | None


def filter_responses(table: pl.DataFrame) -> dict[str, FilterResponse]:
    """Responses to all filters together (``all``) and to every family, by name.

    Args:
        table: Rows of a manifest with their scores and labels in grades, clipped to the scale.

    Returns:
        Nothing if the data set has no filtered images.
    """
    if "filter" not in table.columns:
        return {}
    pairs = _pairs(table.filter(pl.col("purpose") == FILTERED))
    if pairs.is_empty():
        return {}
    families = sorted(pairs["filter"].unique().to_list())
    of_family = {name: _response(pairs.filter(pl.col("filter") == name)) for name in families}
    return {"all": _response(pairs), **of_family}


def as_facts(responses: Mapping[str, FilterResponse]) -> dict[str, Any]:
    """All values, for a file."""
    return {name: asdict(each) for name, each in responses.items()}


def _pairs(table: pl.DataFrame) -> pl.DataFrame:
    """Filtered images with what changed against the unfiltered one and the next weaker filter."""
    columns = ["shard", SCORE, LABEL, RMSE, GRADIENTS]
    plain = table.filter(pl.col("filter").is_null()).select(columns)
    joined = table.drop_nulls("filter").join(plain, on="shard", suffix="_plain")
    by_strength = joined.sort("shard", "filter", "filter_strength")
    ladder = ["shard", "filter"]
    blurred = (pl.col("filter") == "gaussian") & (pl.col("filter_strength") >= STRONG_BLUR_PIXELS)
    worse = (pl.col(RMSE) > pl.col(f"{RMSE}_plain")) & (
        pl.col(GRADIENTS) > pl.col(f"{GRADIENTS}_plain")
    )
    return by_strength.with_columns(
        harmful=worse | blurred,
        gain=pl.col(SCORE) - pl.col(f"{SCORE}_plain"),
        gain_of_label=pl.col(LABEL) - pl.col(f"{LABEL}_plain"),
        step=pl.col(SCORE).diff().over(ladder),
        step_of_label=pl.col(LABEL).diff().over(ladder),
    )


def _response(pairs: pl.DataFrame) -> FilterResponse:
    harmful = pairs.filter(pl.col("harmful"))
    steps = pairs.filter(pl.col("step_of_label") < -FIDELITY_STEP)
    gain, gain_of_label = numbers(pairs["gain"]), numbers(pairs["gain_of_label"])
    return FilterResponse(
        pairs=len(pairs),
        harmful=len(harmful),
        rewarded=share(numbers(harmful["gain"]) > ALLOWED_RISE) if len(harmful) else 0.0,
        steps=len(steps),
        falling=share(numbers(steps["step"]) <= 0) if len(steps) else 1.0,
        rank_correlation=_rank_correlation(gain, gain_of_label),
    )


def _rank_correlation(a: Floats, b: Floats) -> float | None:
    if min(len(a), np.ptp(a), np.ptp(b)) == 0:
        return None
    return float(stats.spearmanr(a, b).statistic)
