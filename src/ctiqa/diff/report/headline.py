"""What was compared, in one line."""

from __future__ import annotations

from ctiqa.diff.matching.pairs import regions_text
from ctiqa.diff.result import Comparison

RULES = {
    "position": "at the same positions, paired",
    "order": "in the same order, paired",
    "region": "of equal region and size, not paired",
}
"""The rules of matching in words."""


def compared_text(comparison: Comparison) -> str:
    """How many slices are compared, how they are matched, and what they show."""
    found = comparison.found
    count = len(found.pairs)
    seen = regions_text(comparison.a.slices[pair.a] for pair in found.pairs)
    return f"{count} slice{'' if count == 1 else 's'} of each {RULES[found.rule]} ({seen})"
