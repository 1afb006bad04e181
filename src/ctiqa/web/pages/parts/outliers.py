"""What is unusual in scans, as the trends say."""

from __future__ import annotations

from ctiqa.clinic.records.notes import ScanName
from ctiqa.trends.page.outliers import without_scan
from ctiqa.web.reading.view import TrendsState


def unusual(state: TrendsState) -> dict[ScanName, str]:
    """What is unusual, by the name of the scan in the store, the worst first."""
    found = state.trends.outliers if state.trends else ()
    return {(each.series_uid, each.content): without_scan(each) for each in found}
