"""What a model answers beside the score, as text: equivalent noise, regions, findings.

An older model does not answer; every text is then empty.
"""

from __future__ import annotations

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
