"""What is unusual in scans, as the trends say."""

from __future__ import annotations

from ctiqa.clinic.records.notes import ScanName
from ctiqa.trends.result import Outlier
from ctiqa.web.reading.view import TrendsState


def unusual(state: TrendsState) -> dict[ScanName, Outlier]:
    """Outliers by the name of the scan in the store, the worst first."""
    found = state.trends.outliers if state.trends else ()
    return {(each.series_uid, each.content): each for each in found}
