"""Score both scans, and measure the slices that are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ctiqa.diff.inputs import Input, Progress
from ctiqa.errors import NothingToDoError, some
from ctiqa.io import Found, ReadOptions, stream_slices
from ctiqa.io.protocol import DEFAULT_OPTIONS
from ctiqa.score.examined import physics_of
from ctiqa.score.scorer import Scorer
from ctiqa.score.side_by_side import side_by_side
from ctiqa.score.whole_scan import score_scan
from ctiqa.text.plain_text import clean
from ctiqa.types import ScanScore, Skipped, Slice, SliceScore


@dataclass(frozen=True, slots=True)
class Reading:
    """How slices are read and measured.

    Attributes:
        options: How files are read.
        jobs: Slices measured in parallel and reader processes, >= 1.
        progress: Called with ``"scoring"`` and ``"measuring"``.
    """

    options: ReadOptions = DEFAULT_OPTIONS
    jobs: int = 1
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One of the two scans, scored and measured.

    Attributes:
        name: ``"A"`` or ``"B"``.
        score: Its scores; the slices that are compared have physical measures.
        digests: Digest of the pixels of every slice that was measured, by index.
        facts: The model that scored it.
        skipped: Inputs and slices that were not read, with the reasons.
    """

    name: str
    score: ScanScore
    digests: dict[int, str]
    facts: dict[str, object]
    skipped: tuple[Skipped, ...]

    @property
    def slices(self) -> tuple[SliceScore, ...]:
        """Its slices in z order."""
        return self.score.slices


def score_inputs(inputs: Sequence[Input], scorer: Scorer, reading: Reading) -> list[Measured]:
    """Score the scans, one after the other.

    Raises:
        NothingToDoError: If no slice of a scan can be read.
    """
    total = sum(len(each.scan.headers) for each in inputs)
    scored, before = [], 0
    for each in inputs:
        tell = None if reading.progress is None else _counted_on(reading.progress, before, total)
        report = scorer.score_found(Found((each.scan,), ()), reading.options, progress=tell)
        before += len(each.scan.headers)
        if not report.scans:
            why = some((clean(skip.detail) for skip in report.skipped), most=3)
            raise NothingToDoError(f"no slice of {each.name} can be read: {why}")
        skipped = (*each.skipped, *report.skipped)
        scored.append(Measured(each.name, report.scans[0], {}, dict(report.model), skipped))
    return scored


def measure(
    scored: Sequence[Measured],
    wanted: Sequence[Collection[int]],
    scorer: Scorer,
    reading: Reading,
) -> list[Measured]:
    """Measure slices that have a score.

    Args:
        scored: The scans.
        wanted: Of each scan, the indices of the slices to measure.
        scorer: The scorer.
        reading: How slices are read and measured.
    """
    total, done = sum(map(len, wanted)), 0
    measured = []
    for each, indices in zip(scored, wanted, strict=True):
        tell = None if reading.progress is None else _counted_on(reading.progress, done, total)
        measured.append(_measured(each, sorted(indices), scorer, replace(reading, progress=tell)))
        done += len(indices)
    return measured


def _measured(
    scored: Measured, indices: Sequence[int], scorer: Scorer, reading: Reading
) -> Measured:
    slices, digests = list(scored.slices), dict(scored.digests)
    missing = [index for index in indices if index not in digests]
    headers = [slices[index].header for index in missing]
    images = stream_slices(headers, reading.options, jobs=reading.jobs)
    items = zip([slices[index] for index in missing], images, strict=True)
    for done, (index, (verdict, digest)) in enumerate(
        zip(missing, side_by_side(_measured_slice, items, reading.jobs), strict=True), start=1
    ):
        slices[index] = verdict
        digests[index] = digest
        if reading.progress is not None:
            reading.progress("measuring", done, len(missing))
    score = score_scan(scored.score.scan, slices, scorer.card.noise)
    return replace(scored, score=score, digests=digests)


def _measured_slice(item: tuple[SliceScore, Slice | Skipped]) -> tuple[SliceScore, str]:
    """A slice with its measures, and a digest of its pixels; empty if it cannot be read again."""
    verdict, image = item
    if isinstance(image, Skipped):
        return verdict, ""
    known = verdict
    if known.physics is None:
        known = replace(verdict, physics=physics_of(verdict, image))
    return known, hashlib.blake2b(image.hu.tobytes(), digest_size=16).hexdigest()


def _counted_on(progress: Progress, before: int, total: int) -> Progress:
    """Progress of one scan as part of that of both."""

    def tell(stage: str, done: int, _total: int) -> None:
        progress(stage, before + done, total)

    return tell
