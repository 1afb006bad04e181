"""Addresses of the pages of outliers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from ctiqa.trends.result import Outlier, Trends
from ctiqa.web.pages.parts.words import scan_address

NAME = ("series_uid", "content")


def link_to(
    frame: pl.DataFrame, trends: Trends, outliers: Iterable[Outlier]
) -> Callable[[Outlier], str]:
    """What gives the address of the page of an outlier.

    Args:
        frame: The scans that the viewer sees.
        trends: Trends of them.
        outliers: Those that are shown.
    """
    wanted = [(each.series_uid, each.content) for each in outliers]
    columns = {name: [each[at] for each in wanted] for at, name in enumerate(NAME)}
    names = pl.DataFrame(columns, schema=dict.fromkeys(NAME, pl.String))
    found = (
        frame.filter(pl.col("current"), pl.col("model_digest") == pl.lit(trends.model_digest))
        .join(names, on=NAME, how="semi")
        .select(*NAME, "scan")
    )
    scans = {(series, content): scan for series, content, scan in found.iter_rows()}
    return lambda each: scan_address(scans.get((each.series_uid, each.content), ""))
