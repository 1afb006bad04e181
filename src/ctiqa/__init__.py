"""ctiqa: how good is this CT image, 0 (bad) to 4 (excellent), as a radiologist would say.

>>> from ctiqa import Scorer  # doctest: +SKIP
>>> Scorer().score("scan/").score  # doctest: +SKIP
3.4

What is listed in ``ctiqa.__all__``, ``ctiqa.metrics.__all__``, ``ctiqa.physics.__all__`` and
``ctiqa.torch.__all__`` is public and follows semantic versioning; everything else may change at
any time. Names are loaded on first use, so ``import ctiqa`` takes no time.
"""

from __future__ import annotations

from ctiqa.system.lazy import TYPE_CHECKING, lazy
from ctiqa.version import __version__

if TYPE_CHECKING:
    from ctiqa import metrics as metrics
    from ctiqa import physics as physics
    from ctiqa import torch as torch
    from ctiqa.archive.survey import survey
    from ctiqa.benchmarking.arrays import benchmark
    from ctiqa.benchmarking.result import Benchmark
    from ctiqa.calibration.calibrate import calibrate
    from ctiqa.calibration.file import Calibration
    from ctiqa.diff.compare import compare_scans
    from ctiqa.diff.result import Comparison
    from ctiqa.errors import (
        CtiqaError,
        DataError,
        NothingToDoError,
        OutputError,
        ProcessError,
        Reason,
        RefusedError,
        UsageError,
        WeightsError,
    )
    from ctiqa.hu import Window, body_mask
    from ctiqa.io import Found, ReadOptions, read_scans, stream_slices
    from ctiqa.score.report.report import Report
    from ctiqa.score.report.schema import report_schema
    from ctiqa.score.scorer import Scorer
    from ctiqa.score.select import SliceRange
    from ctiqa.store.opening import open_store
    from ctiqa.types import (
        Acquisition,
        Scan,
        ScanScore,
        Skipped,
        Slice,
        SliceHeader,
        SliceScore,
        SliceSource,
    )

__all__ = [
    "Acquisition",
    "Benchmark",
    "Calibration",
    "Comparison",
    "CtiqaError",
    "DataError",
    "Found",
    "NothingToDoError",
    "OutputError",
    "ProcessError",
    "ReadOptions",
    "Reason",
    "RefusedError",
    "Report",
    "Scan",
    "ScanScore",
    "Scorer",
    "Skipped",
    "Slice",
    "SliceHeader",
    "SliceRange",
    "SliceScore",
    "SliceSource",
    "UsageError",
    "WeightsError",
    "Window",
    "__version__",
    "benchmark",
    "body_mask",
    "calibrate",
    "compare_scans",
    "open_store",
    "read_scans",
    "report_schema",
    "stream_slices",
    "survey",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "ctiqa.archive.survey": ["survey"],
            "ctiqa.benchmarking.arrays": ["benchmark"],
            "ctiqa.benchmarking.result": ["Benchmark"],
            "ctiqa.calibration.calibrate": ["calibrate"],
            "ctiqa.calibration.file": ["Calibration"],
            "ctiqa.diff.compare": ["compare_scans"],
            "ctiqa.diff.result": ["Comparison"],
            "ctiqa.errors": [
                "CtiqaError",
                "DataError",
                "NothingToDoError",
                "OutputError",
                "ProcessError",
                "Reason",
                "RefusedError",
                "UsageError",
                "WeightsError",
            ],
            "ctiqa.hu": ["Window", "body_mask"],
            "ctiqa.io": ["Found", "ReadOptions", "read_scans", "stream_slices"],
            "ctiqa.metrics": [],
            "ctiqa.physics": [],
            "ctiqa.score.report.report": ["Report"],
            "ctiqa.score.report.schema": ["report_schema"],
            "ctiqa.score.scorer": ["Scorer"],
            "ctiqa.score.select": ["SliceRange"],
            "ctiqa.store.opening": ["open_store"],
            "ctiqa.torch": [],
            "ctiqa.types": [
                "Acquisition",
                "Scan",
                "ScanScore",
                "Skipped",
                "Slice",
                "SliceHeader",
                "SliceScore",
                "SliceSource",
            ],
        },
        own=["__version__"],
    )
