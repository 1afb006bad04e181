"""One limit, as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_LEAST_SCANS = 10
"""Number of scans below which a share or a period is not judged, unless stated."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Limits for one kind of scans; made by :func:`ctiqa.trends.limits.read_limits`.

    Attributes:
        name: Name in reports, from the file or by number (``limit 2``).
        scope: Patterns by column; a scan must match one of each. Empty: all scans.
        bounds: Limits of numbers of a scan, by key.
        drifts: Limits of relative changes since the baseline, by key.
        most_alarms: Number of alarms that are allowed; ``None`` for any.
        allowed_share: Share of the scans of a group that may break a bound; ``None``: every scan
            must keep it.
        least_scans: Groups (for ``allowed_share``) and periods (for drifts) with fewer scans are
            not judged.
        last_days: Only the last days count, back from the newest study; ``None``: all days. The
            baseline of a drift is that of the chart in any case.
    """

    name: str
    scope: Mapping[str, tuple[str, ...]]
    bounds: Mapping[str, float]
    drifts: Mapping[str, float]
    most_alarms: int | None
    allowed_share: float | None
    least_scans: int
    last_days: int | None = None

    @property
    def scope_text(self) -> str:
        """Which scans it is for.

        >>> Limit("a", {"protocol": ("Thorax*", "Chest")}, {}, {}, None, None, 10).scope_text
        'protocol Thorax* or Chest'
        """
        parts = (f"{key} {' or '.join(globs)}" for key, globs in self.scope.items())
        return ", ".join(parts) or "all scans"
