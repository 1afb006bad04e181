"""Many scans on one page: worst first, in groups that can be compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ctiqa.score.report.facts import scanner, texts
from ctiqa.score.report.page.scan_view import ScanView
from ctiqa.score.report.rounding import shown
from ctiqa.text.plain_text import clean
from ctiqa.types import ScanScore

MANY = 10
"""Number of scans from which a page is an overview, with one line per scan."""

WORST_SHOWN = 3
"""Scans shown above the list."""

UNKNOWN = "Scanner, protocol and kernel unknown"
"""Title of a group of scans whose files state nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """Scans of one scanner, protocol and kernel.

    Attributes:
        title: Scanner, protocol and kernel, as far as known.
        views: Its scored scans, worst first.
    """

    title: str
    views: tuple[ScanView, ...]

    @property
    def summary(self) -> str:
        """Number of scans and their median score."""
        count = len(self.views)
        if count == 1:
            return "1 scan"
        return f"{count} scans, median {shown(median(map(_score, self.views)))}"


@dataclass(frozen=True, slots=True)
class Overview:
    """All scans of a page, in the order shown.

    Attributes:
        worst: The worst scans, worst first.
        groups: All scored scans; the group of the worst scan first.
        unscored: Scans without a score, in the order of the report.
    """

    worst: tuple[ScanView, ...]
    groups: tuple[Group, ...]
    unscored: tuple[ScanView, ...]


def overview_of(views: Sequence[ScanView]) -> Overview:
    """Sort and group the scans of a page."""
    ordered = worst_first(views)
    return Overview(
        worst=tuple(ordered[:WORST_SHOWN]),
        groups=tuple(_groups(ordered)),
        unscored=tuple(view for view in views if view.verdict.score is None),
    )


def worst_first(views: Iterable[ScanView]) -> list[ScanView]:
    """The scored scans; those with equal scores, as at the top, by their equivalent noise."""
    scored = [view for view in views if view.verdict.score is not None]
    return sorted(scored, key=lambda view: (_score(view), -(view.verdict.equivalent_noise_hu or 0)))


def protocol(scan: ScanScore) -> str:
    """The body part that the files state, or what most scored slices show."""
    if stated := texts(scan.scan.headers, "body_part"):
        return ", ".join(stated).capitalize()
    seen = Counter(each.region for each in scan.slices if each.score is not None and each.region)
    return clean(seen.most_common(1)[0][0]).capitalize() if seen else ""


def _groups(ordered: Iterable[ScanView]) -> list[Group]:
    """Groups in the order of their first scan."""
    members: dict[str, list[ScanView]] = defaultdict(list)
    titles: dict[str, str] = {}
    for view in ordered:
        title = _title(view.verdict)
        titles.setdefault(title.casefold(), title)
        members[title.casefold()].append(view)
    return [Group(titles[key], tuple(found)) for key, found in members.items()]


def _title(scan: ScanScore) -> str:
    headers = scan.scan.headers
    parts = (scanner(headers), protocol(scan), ", ".join(texts(headers, "kernel")))
    return " · ".join(part for part in parts if part) or UNKNOWN


def _score(view: ScanView) -> float:
    return view.verdict.score or 0.0
