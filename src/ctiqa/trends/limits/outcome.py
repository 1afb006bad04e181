"""What the check of limits found: violations, and what could not be checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ctiqa.trends.result import label_of

ViolationKind = Literal["scan", "share", "drift", "alarms"]

UncheckedWhy = Literal["no_scans", "no_value", "no_day", "few_scans", "no_baseline"]


@dataclass(frozen=True, slots=True)
class Violation:
    """Scans or periods of one group that break a limit.

    Attributes:
        rule: Name of the limit in the file.
        key: What is limited, a key of the file such as ``least_score``.
        kind: ``"scan"``: every scan must keep the limit; ``"share"``: a share of them may break it;
            ``"drift"``: the change since the baseline; ``"alarms"``: the number of alarms.
        protocol: Protocol of the group; ``None`` if unknown.
        scanner: Scanner of the group; ``None`` if unknown.
        kernel: Kernel of the group; ``None`` if unknown, or for all (drift and alarms).
        value: The worst value of a scan, the share of scans, the largest relative change, or the
            number of alarms. It may be infinite for a dose reserve: no dose would do.
        limit: The value of the key; for ``"share"`` the share that is allowed.
        n: Number of scans that were checked; of periods for drift, of alarms for alarms.
        n_broken: How many of them break the limit.
        series: The scans that break it, the worst first; empty for drift and alarms.
        periods: First days of the periods that break it, or in which alarms begin.
        sentence: What is wrong and what to do, in plain words.
    """

    rule: str
    key: str
    kind: ViolationKind
    protocol: str | None
    scanner: str | None
    kernel: str | None
    value: float
    limit: float
    n: int
    n_broken: int
    series: tuple[str, ...]
    periods: tuple[date, ...]
    sentence: str

    @property
    def scope(self) -> str:
        """The group, such as ``Abdomen · CT1 · Br40``."""
        return group_label(self.protocol, self.scanner, self.kernel, charted=not self.series)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What a limit could not be checked on; it is not passed.

    Attributes:
        rule: Name of the limit in the file.
        key: What is limited; several keys if there are no scans for any of them.
        why: ``"no_scans"``: no scan matches; ``"no_value"``: the value is unknown; ``"no_day"``:
            the day is unknown; ``"few_scans"``: too few for a share or a period;
            ``"no_baseline"``: a chart has no baseline.
        n: Number of scans, groups (``"few_scans"`` of a share), periods (of a drift) or charts.
        everything: Whether the limit could be checked on nothing at all.
        sentence: The same in plain words, with the remedy.
    """

    rule: str
    key: str
    why: UncheckedWhy
    n: int
    everything: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class LimitsChecked:
    """The outcome of a check.

    Attributes:
        n_limits: Number of limits in the file.
        violations: In the order of the file; of one key, the group with most broken first.
        unchecked: In the order of the file.
    """

    n_limits: int
    violations: tuple[Violation, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every limit that has scans was checked on some of them."""
        missing = ("no_value", "no_day", "no_baseline")
        return not any(each.everything and each.why in missing for each in self.unchecked)


def group_label(
    protocol: str | None, scanner: str | None, kernel: str | None, *, charted: bool
) -> str:
    """Protocol, scanner and kernel for people; charts are for all kernels.

    >>> group_label("Abdomen", None, "Br40", charted=False)
    'Abdomen · scanner unknown · Br40'
    """
    label = label_of(protocol, scanner)
    return label if charted else f"{label} · {kernel or 'kernel unknown'}"
