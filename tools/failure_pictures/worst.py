"""What counts as a failure: tables of them, worst first, from all examples with verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from tools.answer_pictures import BODY, LEAST_DOSE

from ctiqa.data.manifest import FILTERED, SHOWS, finding_column
from ctiqa.evaluate.robustness.filters import ALLOWED_RISE, GRADIENTS, RMSE, STRONG_BLUR_PIXELS
from ctiqa.recipe.network import FINDINGS, REGIONS
from ctiqa.score.verdict import SHARP_KERNEL

LEAST_ERROR = 0.5
"""Error of a score in grades from which it is a failure."""

GOOD_OR_BETTER = 2.5
"""Lowest score whose word is good."""

NO_ARTEFACT, NO_FILTER = pl.col("artefact").is_null(), pl.col("filter").is_null()
OWN_KERNEL = pl.col("kernel_half_per_mm").is_null()

LITTLE_NOISE = pl.col("dose") >= LEAST_DOSE

PLAIN = NO_ARTEFACT & NO_FILTER
ARTEFACT = ~NO_ARTEFACT & NO_FILTER & OWN_KERNEL & LITTLE_NOISE
FILTER = NO_ARTEFACT & ~NO_FILTER & OWN_KERNEL & LITTLE_NOISE
"""Examples with dose, views and kernel alone; with an artefact; with a filter."""

Table = pl.DataFrame


def _of_patients(table: Table) -> Table:
    """Examples of parts of patients that may be scored."""
    return table.filter(pl.col("purpose") == "example", BODY, ~pl.col(SHOWS).is_in(["head"]))


def _as_scanned(table: Table) -> Table:
    """Clean slices of patients that nothing was done to, not even another kernel."""
    return _of_patients(table).filter(pl.col("row") == 0, pl.col("variant") == "native")


def _ranked(table: Table, by: pl.Expr, *, descending: bool = True) -> Table:
    """Sorted by a value that must be known, then by name."""
    found = table.with_columns(rank=by).drop_nulls("rank")
    return found.sort("rank", "id", descending=[descending, False])


def misjudged(cause: pl.Expr, *, over: bool) -> Callable[[Table], Table]:
    """Slices of one cause whose score is too high, or too low."""
    error = pl.col("error") if over else -pl.col("error")

    def find(table: Table) -> Table:
        return _ranked(_of_patients(table).filter(cause, error >= LEAST_ERROR), error)

    return find


def rewarded(table: Table) -> Table:
    """Filters that do harm and raise the score."""
    tried = table.filter(pl.col("purpose") == FILTERED, BODY)
    columns = ["shard", "row", "score", "label", RMSE, GRADIENTS]
    plain = tried.filter(NO_FILTER).select(columns)
    pairs = tried.drop_nulls("filter").join(plain, on="shard", suffix="_plain")
    blurred = (pl.col("filter") == "gaussian") & (pl.col("filter_strength") >= STRONG_BLUR_PIXELS)
    worse = (pl.col(RMSE) > pl.col(f"{RMSE}_plain")) & (
        pl.col(GRADIENTS) > pl.col(f"{GRADIENTS}_plain")
    )
    gain = pl.col("score") - pl.col("score_plain")
    return _ranked(pairs.filter(worse | blurred, gain > ALLOWED_RISE), gain)


def missed(table: Table) -> Table:
    """Certain defects of which nothing is said: no finding, and a good score."""
    defects = [finding_column(name) for name in FINDINGS if name != SHARP_KERNEL]
    certain = pl.any_horizontal(pl.col(name) == 1 for name in defects)
    silent = pl.col("reported").list.len() == 0
    found = _of_patients(table).filter(
        certain & silent,
        pl.col("score") >= GOOD_OR_BETTER,
        NO_FILTER & OWN_KERNEL & LITTLE_NOISE,
    )
    return _ranked(found, pl.col("raw"), descending=False)


def invented(table: Table) -> Table:
    """Clean slices with findings."""
    none = pl.all_horizontal(pl.col(finding_column(name)) == 0 for name in FINDINGS)
    count = pl.col("reported").list.len()
    found = _as_scanned(table).filter(none, count > 0)
    return _ranked(found, count.cast(pl.Float64) - pl.col("total_noise_hu") / 1000)


def wrong_noise(table: Table) -> Table:
    """Clean slices by the error of their equivalent noise."""
    ratio = pl.col("said_noise_hu") / pl.col("total_noise_hu")
    return _ranked(_as_scanned(table), ratio.log().abs())


def wrong_region(table: Table) -> Table:
    """Slices with a wrong region, the farthest from the truth first, then the least noisy."""
    far = pl.struct(SHOWS, "said_region").map_elements(_steps_between, return_dtype=pl.Int64)
    found = _of_patients(table).drop_nulls("said_region").with_columns(far=far)
    return found.filter(pl.col("far") > 0).sort(
        "far", "total_noise_hu", "id", descending=[True, False, False]
    )


def _steps_between(row: Mapping[str, Any]) -> int:
    """Steps from a region to the nearest of those that are shown.

    >>> _steps_between({"shows": "neck/chest", "said_region": "pelvis"})
    2
    """
    said = REGIONS.index(row["said_region"])
    return min(abs(REGIONS.index(each) - said) for each in row[SHOWS].split("/"))


def scored_nonetheless(table: Table) -> Table:
    """What should have no score: phantoms, limbs and heads."""
    odd = pl.col(SHOWS).is_in(["head", "limb", "phantom"])
    return _ranked(table.filter(odd, pl.col("purpose") == "example"), pl.col("score"))
