"""Slices that are not compared and files that are not read, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ctiqa.diff.matching.pairs import IN_WORDS, Matching, Why, regions_text
from ctiqa.diff.measuring import Measured
from ctiqa.score.report.facts import REASONS as WHY_SKIPPED
from ctiqa.score.report.facts import grouped
from ctiqa.score.report.measures import REASONS
from ctiqa.text.plain_text import clean
from ctiqa.types import Skipped, Unmeasured


def left_out_lines(a: Measured, b: Measured, found: Matching) -> list[str]:
    """How many slices of each scan are not compared, and why; most frequent reason first."""
    lines = []
    for scan, whys in zip((a, b), found.left_out, strict=True):
        for why, count in Counter(whys.values()).most_common():
            slices = f"{count} slice{'' if count == 1 else 's'} of {scan.name}"
            lines.append(f"{slices} not compared: {IN_WORDS[why]}{_more(why, scan, whys)}")
    return lines


def not_read(skipped: Sequence[Skipped]) -> str:
    """Why files were not read, each reason with its number and an example; empty without any.

    >>> from pathlib import Path
    >>> from ctiqa.errors import Reason
    >>> not_read([Skipped(Path("a/scout.dcm"), Reason.LOCALIZER, "")])
    '1 × scout or localizer, such as scout.dcm'
    """
    return "; ".join(
        f"{len(each)} × {WHY_SKIPPED[reason]}, such as {clean(each[0].file.name)}"
        for reason, each in grouped(skipped).items()
    )


def why_nothing(a: Measured, b: Measured, found: Matching) -> str:
    """Why no slices can be compared, and what each scan shows."""
    seen = "; ".join(f"{scan.name} shows {regions_text(scan.slices)}" for scan in (a, b))
    return f"nothing could be compared: {seen}. {'; '.join(left_out_lines(a, b, found))}"


def _more(why: Why, scan: Measured, whys: Mapping[int, Why]) -> str:
    """What the slices show that are not scored, or why their size is unknown."""
    slices = [scan.slices[index] for index, each in whys.items() if each is why]
    if why is Why.NOT_SCORED:
        return f" ({regions_text(slices)})"
    if why is not Why.SIZE_UNKNOWN:
        return ""
    reasons: Counter[Unmeasured] = Counter(
        each.physics.missing["water_equivalent_diameter_mm"]
        for each in slices
        if each.physics and "water_equivalent_diameter_mm" in each.physics.missing
    )
    return f" ({', '.join(REASONS[reason] for reason in reasons)})" if reasons else ""
