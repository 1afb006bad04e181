"""Courses of quality and dose in a store: groups, control charts, dose lines and outliers.

>>> from ctiqa.trends import SCAN_COLUMNS, trends
>>> "percentile" in SCAN_COLUMNS
True
"""

from __future__ import annotations

from ctiqa.system.lazy import TYPE_CHECKING, lazy

if TYPE_CHECKING:
    from ctiqa.trends.columns import SCAN_COLUMNS
    from ctiqa.trends.compute import trends
    from ctiqa.trends.result import (
        Alarm,
        Baseline,
        ControlChart,
        Distribution,
        DoseLine,
        Omission,
        Outlier,
        Point,
        ScanGroup,
        Trends,
    )

__all__ = [
    "SCAN_COLUMNS",
    "Alarm",
    "Baseline",
    "ControlChart",
    "Distribution",
    "DoseLine",
    "Omission",
    "Outlier",
    "Point",
    "ScanGroup",
    "Trends",
    "trends",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "ctiqa.trends.columns": ["SCAN_COLUMNS"],
            "ctiqa.trends.compute": ["trends"],
            "ctiqa.trends.result": [
                "Alarm",
                "Baseline",
                "ControlChart",
                "Distribution",
                "DoseLine",
                "Omission",
                "Outlier",
                "Point",
                "ScanGroup",
                "Trends",
            ],
        },
    )
