"""What can be limited: the keys of a limits file, with their meaning and range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ctiqa.trends.result import ChartedMeasure

Sense = Literal["least", "most"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit of one number of every scan.

    Attributes:
        column: Column of the scans.
        sense: Whether the limit is the least or the most that is allowed.
        low: Smallest limit that makes sense.
        high: Largest one.
        title: Name of the number in sentences.
        unit: Unit, with a leading space; ``"%"`` for shares, which are shown in percent.
        remedy: What to look at if a scan breaks the limit.
    """

    column: str
    sense: Sense
    low: float
    high: float
    title: str
    unit: str
    remedy: str

    def shown(self, value: float, digits: int = 4) -> str:
        """A value with its unit.

        >>> BOUNDS["most_artefact_share"].shown(0.25), BOUNDS["least_ctdivol_mgy"].shown(4.0)
        ('25 %', '4 mGy')
        """
        if math.isinf(value):
            return "infinite"
        return (
            f"{100 * value:.{digits}g} %" if self.unit == "%" else f"{value:.{digits}g}{self.unit}"
        )

    def shown_beyond(self, value: float, limit: float) -> str:
        """A value that breaks a limit, with as many digits as tell the two apart.

        >>> BOUNDS["least_ctdivol_mgy"].shown_beyond(1.99996, 2.0)
        '1.99996 mGy'
        """
        short = self.shown(value)
        return short if short != self.shown(limit) else self.shown(value, 12)


_EXPOSURE = "check the exposure control, and how large these patients are"

BOUNDS: Mapping[str, Bound] = {
    "least_score": Bound(
        "score",
        "least",
        0,
        4,
        "score",
        "",
        "look at the images; if they are good enough, lower the limit",
    ),
    "most_dose_reserve": Bound(
        "dose_reserve",
        "most",
        0.001,
        100,
        "dose reserve",
        "%",
        "look at the images; if they are too noisy, they need more dose, a softer kernel or "
        "thicker slices",
    ),
    "least_dose_reserve": Bound(
        "dose_reserve",
        "least",
        0.001,
        100,
        "dose reserve",
        "%",
        "the images would still be good at a small part of their dose; discuss a lower one",
    ),
    "most_equivalent_noise_hu": Bound(
        "equivalent_noise_hu",
        "most",
        0.1,
        10000,
        "equivalent noise",
        " HU",
        "check the dose, kernel and slice thickness of the protocol",
    ),
    "least_ctdivol_mgy": Bound("ctdivol_mgy", "least", 0.001, 1000, "CTDIvol", " mGy", _EXPOSURE),
    "most_ctdivol_mgy": Bound("ctdivol_mgy", "most", 0.001, 1000, "CTDIvol", " mGy", _EXPOSURE),
    "least_ssde_mgy": Bound("ssde_mgy", "least", 0.001, 1000, "SSDE", " mGy", _EXPOSURE),
    "most_ssde_mgy": Bound("ssde_mgy", "most", 0.001, 1000, "SSDE", " mGy", _EXPOSURE),
    "most_artefact_share": Bound(
        "artefact_share",
        "most",
        0,
        1,
        "share of slices with the same artefact",
        "%",
        "look at the images; if one scanner shows the artefact again and again, call its service",
    ),
    "most_unscored_share": Bound(
        "unscored_share",
        "most",
        0,
        1,
        "share of slices without a score",
        "%",
        "see why they were not scored: 'ctiqa score FOLDER' names the reason of every slice",
    ),
}
"""Limits of numbers of a scan, by key."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A limit of the change of one measure since the baseline.

    Attributes:
        measure: Measure of the control chart.
        title: Name of the measure in sentences.
        remedy: What to look at if it drifts.
    """

    measure: ChartedMeasure
    title: str
    remedy: str


DRIFTS: Mapping[str, Drift] = {
    "most_noise_drift": Drift(
        "noise",
        "equivalent noise",
        "compare the settings of the protocol with those of the baseline, and see the chart of its "
        "dose",
    ),
    "most_dose_drift": Drift(
        "dose",
        "CTDIvol",
        "compare the settings of the protocol with those of the baseline; if the change was meant, "
        "state a later baseline",
    ),
}
"""Limits of relative changes, by key: 0.2 allows 20 % more or less than in the baseline."""

DRIFT_RANGE = (0.01, 10.0)
"""Smallest and largest limit of a drift."""

MOST_ALARMS = "most_alarms"
"""Key of the limit of the number of alarms of the control charts."""

ROUNDING = 1e-9
"""Computed shares and changes may exceed a limit by this much, so that equal is not more."""

SCOPE = ("protocol", "scanner", "kernel", "region")
"""Keys that say which scans a limit is for: a pattern, or a list of patterns."""

CHART_SCOPE = ("protocol", "scanner")
"""Those that control charts are made by."""

ALLOWED_SHARE = "allowed_share"
"""Key of the share of scans that may break a limit."""

LEAST_SCANS = "least_scans"
"""Key of the number of scans below which a share or a period is not judged."""

LAST_DAYS = "last_days"
"""Key of the number of days that count, back from the newest study."""

NAME = "name"
"""Key of the name in reports."""

KEYS = (NAME, *SCOPE, *BOUNDS, *DRIFTS, MOST_ALARMS, ALLOWED_SHARE, LEAST_SCANS, LAST_DAYS)
"""All keys of a limit."""

MISLEADING = {
    "least_reserve": "most_dose_reserve",
    "most_reserve": "least_dose_reserve",
    "reserve": "most_dose_reserve",
    "most_drift": "most_noise_drift",
    "drift": "most_noise_drift",
    "most_noise": "most_equivalent_noise_hu",
    "most_noise_hu": "most_equivalent_noise_hu",
    "least_dose": "least_ctdivol_mgy",
    "most_dose": "most_ctdivol_mgy",
}
"""Keys that one may think of, with the one that is meant. A reserve is the fraction of the dose at
which the images would still be good: the smaller, the more reserve."""
