"""Limits of numbers of a scan: for every scan, or for a share of each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ctiqa.trends.limits import wording
from ctiqa.trends.limits.bounds import BOUNDS, ROUNDING, Bound
from ctiqa.trends.limits.limit import Limit
from ctiqa.trends.limits.outcome import Unchecked, Violation
from ctiqa.trends.limits.scope import first_day, scans_of
from ctiqa.trends.result import Trends

if TYPE_CHECKING:
    import polars

GROUP = ("protocol", "scanner", "kernel")
"""Columns of a group."""

UNSCORED = "unscored_share"
"""Column with the share of the slices that have no score."""


def check_scans(trends: Trends, limit: Limit) -> Iterator[Violation | Unchecked]:
    """Check the bounds of one limit."""
    if not limit.bounds:
        return
    scans = _with_unscored_share(scans_of(trends, limit))
    if scans.is_empty():
        keys = ", ".join(limit.bounds)
        yield Unchecked(limit.name, keys, "no_scans", 0, True, wording.no_scans(limit, keys))
        return
    dated, undated = _recent(scans, trends, limit)
    for key in limit.bounds:
        if undated:
            sentence = wording.no_day(limit, key, undated)
            yield Unchecked(limit.name, key, "no_day", undated, dated.is_empty(), sentence)
        yield from _check_bound(dated, limit, key)


def _recent(scans: polars.DataFrame, trends: Trends, limit: Limit) -> tuple[polars.DataFrame, int]:
    """The scans of the days that count, and the number of scans whose day is unknown."""
    import polars as pl  # noqa: PLC0415 - optional

    if limit.last_days is None:
        return scans, 0
    undated = scans["study_day"].null_count()
    first = first_day(trends, limit)
    return scans.filter(pl.col("study_day") >= first) if first else scans.clear(), undated


def _check_bound(
    scans: polars.DataFrame, limit: Limit, key: str
) -> Iterator[Violation | Unchecked]:
    """Check one bound on the scans that it is for."""
    import polars as pl  # noqa: PLC0415 - optional

    bound = BOUNDS[key]
    known = scans.filter(pl.col(bound.column).is_not_nan())  # null is neither
    if missing := scans.height - known.height:
        sentence = wording.no_value(limit, key, missing, scans.height)
        yield Unchecked(limit.name, key, "no_value", missing, known.is_empty(), sentence)
    groups = known.group_by(GROUP, maintain_order=True)
    found = [_check_group(names, group, limit, key) for names, group in groups]
    yield from sorted(
        (each for each in found if isinstance(each, Violation)),
        key=lambda each: -each.n_broken / each.n,
    )
    few = sum(each is None for each in found)
    if few:
        sentence = wording.few_scans(limit, key, few)
        yield Unchecked(limit.name, key, "few_scans", few, few == len(found), sentence)


def _check_group(
    names: tuple[Any, ...], group: polars.DataFrame, limit: Limit, key: str
) -> Violation | bool | None:
    """A violation, ``True`` if the limit is kept, or ``None`` for too few scans."""
    bound, most = BOUNDS[key], limit.allowed_share
    if most is not None and group.height < limit.least_scans:
        return None
    broken = _broken(group, bound, limit.bounds[key])
    if broken.height <= (most or 0.0) * group.height + ROUNDING:
        return True
    worst = broken[bound.column][0]
    protocol, scanner, kernel = names
    counted = (group.height, broken.height)
    return Violation(
        rule=limit.name,
        key=key,
        kind="scan" if most is None else "share",
        protocol=protocol,
        scanner=scanner,
        kernel=kernel,
        value=worst if most is None else broken.height / group.height,
        limit=limit.bounds[key] if most is None else most,
        n=group.height,
        n_broken=broken.height,
        series=tuple(broken["series_uid"]),
        periods=tuple(broken["period"].drop_nulls().unique().sort()),
        sentence=wording.broken_bound(names, limit, key, counted, worst),
    )


def _broken(group: polars.DataFrame, bound: Bound, limit: float) -> polars.DataFrame:
    """The scans that break a bound, the worst first."""
    import polars as pl  # noqa: PLC0415 - optional

    column = pl.col(bound.column)
    broken = group.filter(column < limit if bound.sense == "least" else column > limit)
    return broken.sort(bound.column, descending=bound.sense == "most", maintain_order=True)


def _with_unscored_share(scans: polars.DataFrame) -> polars.DataFrame:
    import polars as pl  # noqa: PLC0415 - optional

    unscored, total = pl.col("n_unjudged"), pl.col("n_judged") + pl.col("n_unjudged")
    # A scan without slices would divide by zero, which is not a number: its share is unknown.
    return scans.with_columns((unscored / total).alias(UNSCORED))
