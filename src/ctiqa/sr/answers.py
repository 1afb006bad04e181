"""The coded answers of a report: words, region, findings and notes, with numbers of slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ctiqa.score.honesty.flags import ARTEFACT, CONTRADICTION, FILTERED, SATURATED, SHARP_KERNEL
from ctiqa.score.verdict import ABSTENTIONS, why_unscored, word_of
from ctiqa.sr import codes
from ctiqa.sr.codes import Coded
from ctiqa.types import ScanScore

NOTES = {
    FILTERED: "Smoother than its noise allows; the score may be too high",
    CONTRADICTION: "The score contradicts the measured noise",
    SATURATED: "Score at the top of the scale",
    "lossy": "Once compressed with loss",
    "gantry_tilt": "Tilted against the patient axis",
    "reformat": "Not axial as reconstructed",
    "monoenergetic": "Virtual monoenergetic image",
    "hu_modified": "Modified Hounsfield units",
    "outside_calibration": "Score outside the calibration to local readers",
    "orientation_unknown": "Orientation of the slice unknown",
    "spacing_unknown": "Pixel size unknown",
}
"""Meanings of flags; others are shown as they are."""

SAID_OTHERWISE = {SHARP_KERNEL, "not_scored", *ABSTENTIONS}
"""Flags that repeat a finding or the reason for no score, as those of artefacts do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One coded answer.

    Attributes:
        name: The question.
        value: The answer.
        slices: Number of slices it applies to; ``None`` for one on the whole series.
    """

    name: Coded
    value: Coded
    slices: int | None = None


def answers_of(verdict: ScanScore) -> list[Answer]:
    """The coded answers of a scan, the most frequent of a kind first.

    There is a word of quality only where reports use one: not without a score, and not with a sharp
    kernel.

    Args:
        verdict: The scan.
    """
    scored = [each for each in verdict.slices if each.score is not None]
    regions = (each.region for each in scored if each.region is not None)
    findings = (finding for each in verdict.slices for finding in each.findings)
    reasons = (reason for each in verdict.slices if (reason := why_unscored(each)))
    return [
        *_word(verdict),
        *(Answer(codes.REGION, codes.region_code(name), n) for name, n in _counted(regions)),
        *(Answer(codes.FINDING, codes.finding_code(name), n) for name, n in _counted(findings)),
        *_notes(verdict),
        *(Answer(codes.UNSCORED, codes.REASONS_FOR_NO_SCORE[f], n) for f, n in _counted(reasons)),
        *_phantom(verdict),
    ]


def _word(verdict: ScanScore) -> Iterator[Answer]:
    if (word := word_of(verdict)) is not None:
        yield Answer(codes.QUALITY, codes.QUALITY_WORDS[word])


def _notes(verdict: ScanScore) -> Iterator[Answer]:
    for flag in verdict.flags:
        if flag in SAID_OTHERWISE or flag.startswith(ARTEFACT):
            continue
        meaning = NOTES.get(flag, flag.replace("_", " ").capitalize())
        count = sum(flag in each.flags for each in verdict.slices)
        yield Answer(codes.FLAG, codes.own(codes.slug(flag), meaning), count)


def _phantom(verdict: ScanScore) -> Iterator[Answer]:
    """The phantom of CTDIvol, if the slices agree on it."""
    headers = verdict.scan.headers
    stated = {each.acquisition.ctdi_phantom_cm for each in headers if each.acquisition.ctdivol_mgy}
    code = codes.PHANTOMS.get(stated.pop() or 0.0) if len(stated) == 1 else None
    if code is not None:
        yield Answer(codes.PHANTOM, code)


def _counted(names: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
