"""Why a series has no score, in a code and in words without names of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ctiqa.types import ScanScore, Skipped

NO_FILES = "no_files"
"""The files of a series are gone."""

MIXED = "mixed_patients"
"""The images of a series are of several patients or studies."""

NOT_SCORED = "not_scored"
"""The model gives no image of a series a score."""

NO_REPORT = "no_report"
"""A series is scored, but no report can be made of it."""

FAILED = "failed"
"""Scoring raised an error."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a series has no score.

    Attributes:
        reason: As a code.
        detail: In words.
    """

    reason: str
    detail: str


def why_not(verdicts: Sequence[ScanScore], skipped: Sequence[Skipped]) -> Why | None:
    """Why nothing in a series has a score; ``None`` if something has.

    Args:
        verdicts: The scans in it.
        skipped: What was skipped.

    >>> from pathlib import Path
    >>> from ctiqa.errors import Reason
    >>> skipped = [Skipped(Path("a"), Reason.LOCALIZER, ""), Skipped(Path("b"), Reason.NOT_CT, "")]
    >>> why_not([], skipped)
    Why(reason='localizer', detail='none of 2 images can be scored: 1 localizer, 1 not_ct')
    """
    if any(verdict.score is not None for verdict in verdicts):
        return None
    reasons = Counter(each.reason.value for each in skipped)
    flags = Counter(flag for verdict in verdicts for one in verdict.slices for flag in one.flags)
    total = len(skipped) + sum(len(verdict.slices) for verdict in verdicts)
    causes = ", ".join(f"{n} {name}" for name, n in _sorted(reasons + flags))
    reason = NOT_SCORED if verdicts or not reasons else _sorted(reasons)[0][0]
    return Why(reason, f"none of {total} images can be scored: {causes or 'no image'}")


def mixed(differing: Sequence[str]) -> Why:
    """Why images of several patients are not scored; no value is quoted."""
    return Why(
        MIXED,
        f"the images of the series differ in {', '.join(differing)}, so that a report could reach "
        "the wrong patient; correct the headers, or remove the wrong images, and try again",
    )


def _sorted(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda each: (-each[1], each[0]))
