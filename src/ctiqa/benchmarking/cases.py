"""The cases of a benchmark: slices that the reference, the input and every method have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctiqa.benchmarking.match import Matched, Rule, match_slices
from ctiqa.benchmarking.match_scans import match_scans, scan_names
from ctiqa.benchmarking.sets import ImageSet, title
from ctiqa.errors import NothingToDoError, list_problems, some
from ctiqa.text.plain_text import clean
from ctiqa.types import Scan, SliceHeader

SAME_SPACING = 0.01
"""Largest relative difference between equal pixel spacings."""

Reason = Literal["unreadable", "missing", "unmatched", "no_body"]
"""Why a slice is not compared: it cannot be read, is not there, has no slice of the reference, or
shows no patient."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A slice that is not compared.

    Attributes:
        name: The set of images that is the cause.
        file: The file; for a missing slice that of the reference.
        frame: Index of the slice in the file, from 0.
        reason: Code of the reason.
        detail: The reason in words.
    """

    name: str
    file: Path
    frame: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Case:
    """One slice as the reference, the input and every method show it.

    Attributes:
        scan: Name of the scan.
        patient: Number that scans of one patient share.
        headers: Headers of the slice, the reference first, then the input, then the methods.
    """

    scan: str
    patient: int
    headers: tuple[SliceHeader, ...]

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """Pixel spacing (row, column); ``None`` where unknown."""
        return self.headers[0].spacing_mm


@dataclass(frozen=True, slots=True)
class Cases:
    """All cases, and what is not compared.

    Attributes:
        cases: The cases, scan by scan, in z order.
        left_out: Slices that are not compared.
        rules: How the slices of each set were matched, by name of the set.
    """

    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    rules: dict[str, str]


def find_cases(sets: Sequence[ImageSet], rule: Rule | None = None) -> Cases:
    """Match the slices of all sets.

    Args:
        sets: The reference, the input, then the methods.
        rule: How to match slices; ``None`` takes the first rule that applies.

    Raises:
        DataError: If slices cannot be matched without doubt, or matched slices have different
            sizes or pixel spacings.
        NothingToDoError: If no slice is in all sets.
    """
    reference, *others = sets
    pairs = {other.name: _pairs(reference, other, rule) for other in others}
    names, patients = scan_names(reference), _patients(reference.scans)
    cases: list[Case] = []
    left_out = [each for one in sets for each in _unreadable(one)]
    for number, scan in enumerate(reference.scans):
        for index, header in enumerate(scan.headers):
            found = [_partner(pairs[other.name], number, index) for other in others]
            lacking = [o.name for o, each in zip(others, found, strict=True) if each is None]
            left_out += [_missing(name, header) for name in lacking]
            if not lacking:
                headers = (header, *(each for each in found if each is not None))
                cases.append(Case(names[number], patients[number], headers))
    left_out += [each for other in others for each in _unmatched(other, pairs[other.name])]
    if not cases:
        raise NothingToDoError(f"no slice is in all of {some(title(each.name) for each in sets)}")
    check_geometry(cases, [each.name for each in sets])
    rules = {name: _rule_of(each) for name, each in pairs.items()}
    return Cases(tuple(cases), tuple(left_out), rules)


def check_geometry(cases: Sequence[Case], names: Sequence[str]) -> None:
    """Check that the slices of every case have one size and pixel spacing.

    Raises:
        DataError: If they differ; lists all problems.
    """
    problems = dict.fromkeys(problem for case in cases for problem in _differences(case, names))
    spacings = defaultdict(set)
    for case in cases:
        if case.spacing_mm is not None:
            spacings[case.scan].add(case.spacing_mm[0])
    mixed = [
        f"scan {clean(scan)} of the reference has pixel spacings from {min(found):g} to "
        f"{max(found):g} mm; compare reconstructions one by one"
        for scan, found in spacings.items()
        if max(found) > (1 + SAME_SPACING) * min(found)
    ]
    list_problems("benchmark", [*problems, *mixed])


def _differences(case: Case, names: Sequence[str]) -> Iterator[str]:
    first = case.headers[0]
    for name, header in zip(names[1:], case.headers[1:], strict=True):
        if (header.rows, header.cols) != (first.rows, first.cols):
            yield (
                f"{title(name)} has slices of {header.rows} × {header.cols} pixels where the "
                f"reference has {first.rows} × {first.cols}; write it in the matrix of the "
                "reference"
            )
        elif not _same_spacing(header, first):
            yield (
                f"{title(name)} has a pixel spacing of {_spacing(header)} mm where the reference "
                f"has {_spacing(first)} mm; reconstruct both with one field of view"
            )


def _same_spacing(one: SliceHeader, other: SliceHeader) -> bool:
    if one.spacing_mm is None or other.spacing_mm is None:
        return True
    pairs = zip(one.spacing_mm, other.spacing_mm, strict=True)
    return all(abs(a - b) <= SAME_SPACING * max(a, b) for a, b in pairs)


def _spacing(header: SliceHeader) -> str:
    return " × ".join(f"{each:.4g}" for each in header.spacing_mm or ())


_ScanPairs = dict[int, tuple[Scan, Matched]]
"""Partner scan and matched slices, by index of the scan of the reference."""


def _pairs(reference: ImageSet, other: ImageSet, rule: Rule | None) -> _ScanPairs:
    scans = match_scans(reference, other)
    return {
        index: (
            other.scans[partner],
            match_slices(
                reference.scans[index].headers,
                other.scans[partner].headers,
                title(other.name),
                rule,
            ),
        )
        for index, partner in scans.items()
    }


def _partner(pairs: _ScanPairs, scan: int, index: int) -> SliceHeader | None:
    if scan not in pairs:
        return None
    partner, matched = pairs[scan]
    return partner.headers[matched.pairs[index]] if index in matched.pairs else None


def _rule_of(pairs: _ScanPairs) -> str:
    return ", ".join(dict.fromkeys(matched.rule for _, matched in pairs.values()))


def _unreadable(images: ImageSet) -> Iterator[LeftOut]:
    for each in images.skipped:
        yield LeftOut(images.name, each.file, 0, "unreadable", each.detail)


def _missing(name: str, header: SliceHeader) -> LeftOut:
    source = header.source
    detail = f"{title(name)} has no slice that matches this one of the reference"
    return LeftOut(name, source.file, source.frame, "missing", detail)


def _unmatched(other: ImageSet, pairs: _ScanPairs) -> Iterator[LeftOut]:
    used = {
        (source.file, source.frame)
        for partner, matched in pairs.values()
        for source in (partner.headers[index].source for index in matched.pairs.values())
    }
    for scan in other.scans:
        for header in scan.headers:
            source = header.source
            if (source.file, source.frame) not in used:
                detail = "the reference has no slice that matches this one"
                yield LeftOut(other.name, source.file, source.frame, "unmatched", detail)


def _patients(scans: Sequence[Scan]) -> list[int]:
    """Number of the patient of each scan: scans that share a study have one patient."""
    numbers: list[int] = []
    known: dict[str, int] = {}
    for index, scan in enumerate(scans):
        uids = {uid for header in scan.headers for uid in header.source.study_uids}
        number = min((known[uid] for uid in uids if uid in known), default=index)
        known |= dict.fromkeys(uids, number)
        numbers.append(number)
    return numbers
