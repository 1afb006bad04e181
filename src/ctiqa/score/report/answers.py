"""What a model answers beside the score, as text: equivalent noise, regions, findings.

An older model does not answer; every text is then empty.
"""

from __future__ import annotations

from collections import Counter

from ctiqa.text.plain_text import clean
from ctiqa.types import ScanScore, SliceScore


def format_noise(verdict: SliceScore | ScanScore) -> str:
    """The equivalent noise of a slice or scan, with one decimal."""
    noise_hu = verdict.equivalent_noise_hu
    return "" if noise_hu is None else f"{noise_hu:.1f} HU"


def shown_in(verdict: SliceScore) -> str:
    """Region and findings of a slice."""
    region = () if verdict.region is None else (verdict.region,)
    return ", ".join(clean(each) for each in (*region, *verdict.findings))


def answer_rows(scan: ScanScore) -> list[tuple[str, str]]:
    """Regions and findings of a scan with their numbers of slices, as (label, text)."""
    rows = [("Seen", _regions(scan)), ("Check", _findings(scan))]
    return [(label, text) for label, text in rows if text]


def _regions(scan: ScanScore) -> str:
    """Most frequent region first, regions that are not scored last."""
    counts = Counter(
        (each.score is None, each.region) for each in scan.slices if each.region is not None
    )
    ordered = sorted(counts.items(), key=lambda entry: (entry[0][0], -entry[1]))
    return ", ".join(
        f"{clean(region)} {count}{' not scored' if unscored else ''}"
        for (unscored, region), count in ordered
    )


def _findings(scan: ScanScore) -> str:
    """Most frequent finding first."""
    counts = Counter(finding for each in scan.slices for finding in each.findings)
    return ", ".join(
        f"{clean(finding)} in {count} slice{'' if count == 1 else 's'}"
        for finding, count in counts.most_common()
    )
