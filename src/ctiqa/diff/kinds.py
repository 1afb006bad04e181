"""How two scans differ in kind: kernel, slice thickness, tube voltage, size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ctiqa.diff.matching.pairs import UNKNOWN_REGION, Matching, Slices, region_of, size_of
from ctiqa.diff.matching.relation import Relation
from ctiqa.diff.measures import percent, shown_percent
from ctiqa.score.report.facts import Range, format_range, number_range, texts
from ctiqa.score.verdict import has_sharp_kernel
from ctiqa.types import ScanScore, SliceHeader

SAME_MM = 0.05
"""Thicknesses that differ by less are the same."""

LARGER = 0.02
"""Mean relative difference of the sizes that is mentioned."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """What makes two scans differ whatever their quality.

    Attributes:
        kernels: Kernels of A and of B, as the files state them.
        sharp: Whether the noise of A, and of B, is that of a sharp kernel.
        thickness_mm: Range of the slice thickness of A and of B; ``None`` if unknown.
        kvp: Range of the tube voltage of A and of B; ``None`` if unknown.
        log_size: Mean logarithm of the sizes of B over those of A; ``None`` if unknown.
        relation: How the scans belong together.
    """

    kernels: tuple[list[str], list[str]]
    sharp: tuple[bool, bool]
    thickness_mm: tuple[Range | None, Range | None]
    kvp: tuple[Range | None, Range | None]
    log_size: float | None
    relation: Relation

    @property
    def other_kernel(self) -> bool:
        """Whether the kernels differ, by name or by their noise."""
        named = all(self.kernels) and self.kernels[0] != self.kernels[1]
        return named or self.sharp[0] != self.sharp[1]

    @property
    def scores_comparable(self) -> bool:
        """Whether the scores can be compared: not between kernels if one of them is sharp."""
        return not (self.other_kernel and any(self.sharp))

    @property
    def other_thickness(self) -> bool:
        """Whether the slice thicknesses are known and differ."""
        return _differ(self.thickness_mm)


def kinds_of(found: Matching, a: ScanScore, b: ScanScore, relation: Relation) -> Kinds:
    """How two scans differ in kind.

    Args:
        found: The pairs that are compared.
        a: Scan A, measured.
        b: Scan B, measured.
        relation: How they belong together.
    """
    headers = _compared(found, a.slices, 0), _compared(found, b.slices, 1)
    return Kinds(
        kernels=(texts(headers[0], "kernel"), texts(headers[1], "kernel")),
        sharp=(has_sharp_kernel(a), has_sharp_kernel(b)),
        thickness_mm=_ranges(headers, "slice_thickness_mm"),
        kvp=_ranges(headers, "kvp"),
        log_size=_log_size(found, a.slices, b.slices),
        relation=relation,
    )


def notes_on(kinds: Kinds, found: Matching, a: Slices, b: Slices) -> tuple[str, ...]:
    """What to keep in mind about the differences."""
    compared = [*(a[pair.a] for pair in found.pairs), *(b[pair.b] for pair in found.pairs)]
    notes = [*_about_kernels(kinds), *_about_acquisition(kinds)]
    if found.rule == "region":
        notes += _about_regions(kinds)
        if any(region_of(each) == UNKNOWN_REGION for each in compared):
            notes.append("it is not known what the slices show: they are matched by size alone")
    return tuple(notes)


def _about_kernels(kinds: Kinds) -> Iterator[str]:
    for name, kernels in zip("AB", kinds.kernels, strict=True):
        if len(kernels) > 1:
            yield f"{name} mixes kernels ({', '.join(kernels)}), and so do its values"
    if not kinds.other_kernel:
        return
    names = " and ".join(", ".join(each) or "not stated" for each in kinds.kernels)
    if kinds.scores_comparable:
        yield f"the kernels differ ({names}): noise and sharpness change together"
    else:
        yield (
            f"the kernels differ ({names}) and one is sharp: scores are comparable only within a "
            "kernel; compare noise and sharpness"
        )


def _about_acquisition(kinds: Kinds) -> Iterator[str]:
    if kinds.other_thickness:
        thick = " and ".join(f"{format_range(each)} mm" for each in kinds.thickness_mm if each)
        yield (
            f"slices of different thickness ({thick}): thicker slices have less noise, and blur "
            "what is oblique to them"
        )
    if _differ(kinds.kvp):
        volts = " and ".join(f"{format_range(each)} kVp" for each in kinds.kvp if each)
        yield f"different tube voltages ({volts}): the contrast differs, not only the noise"


def _about_regions(kinds: Kinds) -> Iterator[str]:
    if kinds.relation is Relation.DIFFERENT:
        yield (
            "the scans share no study: the difference includes that of the patients or "
            "examinations, and the intervals do not show how others would fare"
        )
    if kinds.relation is Relation.UNKNOWN:
        yield (
            "the files do not say whether both scans are of one patient: if not, the difference "
            "includes the patients; if they are of one acquisition, match by position"
        )
    if kinds.relation is Relation.SAME_STUDY:
        yield "the scans are of one study, but their positions do not agree"
    if kinds.log_size is not None and abs(kinds.log_size) > LARGER:
        larger = "larger" if kinds.log_size > 0 else "smaller"
        more = "more" if kinds.log_size > 0 else "less"
        size = shown_percent(percent(kinds.log_size))
        yield f"the patient is {size} % {larger} in the slices of B, which alone makes {more} noise"


def _compared(found: Matching, slices: Slices, side: int) -> list[SliceHeader]:
    return [slices[pair[side]].header for pair in found.pairs]


def _ranges(
    headers: tuple[Sequence[SliceHeader], Sequence[SliceHeader]], name: str
) -> tuple[Range | None, Range | None]:
    return number_range(headers[0], name), number_range(headers[1], name)


def _differ(ranges: tuple[Range | None, Range | None]) -> bool:
    one, two = ranges
    if one is None or two is None:
        return False
    return any(abs(x - y) > SAME_MM for x, y in zip(one, two, strict=True))


def _log_size(found: Matching, a: Slices, b: Slices) -> float | None:
    sizes = [(size_of(a[pair.a]), size_of(b[pair.b])) for pair in found.pairs]
    known = [math.log(two / one) for one, two in sizes if one and two]
    return sum(known) / len(known) if known else None
