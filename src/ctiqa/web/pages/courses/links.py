"""The scans that are outliers: their rows, and the addresses of their pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from ctiqa.clinic.records.notes import ScanName
from ctiqa.trends.result import Outlier, Trends
from ctiqa.web.pages.parts.outliers import NAME, names_frame
from ctiqa.web.pages.parts.words import scan_address


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
    found = (
        frame.lazy()
        .filter(pl.col("current"), pl.col("model_digest") == pl.lit(trends.model_digest))
        .select(*NAME, "scan")
        .join(names_frame(wanted).lazy(), on=NAME, how="semi")
        .collect()
    )
    scans = {(series, content): scan for series, content, scan in found.iter_rows()}
    return lambda each: scan_address(scans.get((each.series_uid, each.content), ""))


def rows_of(frame: pl.DataFrame, scans: Sequence[ScanName]) -> pl.DataFrame:
    """The rows of some current scans, in their order; scans that a viewer does not see have none.

    Args:
        frame: The scans that the viewer sees.
        scans: Names in the store.
    """
    numbered = frame.lazy().with_row_index("place").filter("current").select(*NAME, "place")
    wanted = names_frame([*scans]).lazy()
    found = wanted.join(numbered, on=NAME, how="inner", maintain_order="left").collect()
    return frame[found["place"]]
