"""What one viewer may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from ctiqa.store.where import Condition
from ctiqa.trends.limits.outcome import LimitsChecked
from ctiqa.trends.result import Trends
from ctiqa.web.reading.memo import Memo


@dataclass(frozen=True, slots=True)
class TrendsState:
    """Trends that were computed in the background.

    Attributes:
        trends: The trends; ``None`` while they are computed for the first time, or if they failed.
        limits: What the check of the limits found; ``None`` without limits in the configuration.
        computed: When they were computed; ``None`` if they were not yet.
        failure: Why they could not be computed, in plain words; ``None`` if they could.
        memo: What pages work out from them.
    """

    trends: Trends | None = None
    limits: LimitsChecked | None = None
    computed: datetime | None = None
    failure: str | None = None
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ScanView:
    """The scans that a viewer may see, at one moment.

    Attributes:
        frame: One row per scan, the one stored last first. Columns are those of
            ``Store.scans()``; ``scan``, the name of the scan in addresses (32 hexadecimal digits);
            and ``id``, which must not be shown.
        version: Grows with each change in the store.
        read: When the store was read last.
        memo: What pages work out from the rows.
    """

    frame: pl.DataFrame
    version: int
    read: datetime
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)

    def where(self, conditions: Iterable[Condition]) -> pl.DataFrame:
        """The rows for which all conditions hold, of :func:`ctiqa.store.where.parse_conditions`."""
        return filtered(self.frame, conditions)

    def one(self, scan: str) -> dict[str, Any] | None:
        """The row of a scan, by its name; ``None`` if there is none that the viewer may see."""
        found = self.frame.filter(pl.col("scan") == scan)
        return found.row(0, named=True) if found.height else None


def filtered(frame: pl.DataFrame, conditions: Iterable[Condition]) -> pl.DataFrame:
    """The rows of a frame for which all conditions hold."""
    expressions = [condition.expression() for condition in conditions]
    return frame.filter(*expressions) if expressions else frame
