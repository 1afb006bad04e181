"""A row of the corpus: what is wrong with a file, and what is right to do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tests.io import make

from ctiqa.errors import Reason
from ctiqa.io import ReadOptions, find_scans, stream_slices
from ctiqa.types import Skipped

Stack = Callable[[], npt.NDArray[np.float32]]
"""HU of the slices, float32 [slice, rows, cols]."""


@dataclass(frozen=True)
class Right:
    """One right answer.

    Attributes:
        hu: The slices that must be read, in z order; ``None`` where nothing may be read.
        reasons: Codes for which the file may be refused instead; empty where it must be read.
        warned: Whether a sentence about the scan must go with it.
        beside: Codes under which other files of the folder may be listed.
        words: What the sentence of a refusal must contain.
        untold: Whether any HU may be read, because nothing in the file tells what was altered.
    """

    hu: Stack | None = None
    reasons: frozenset[Reason] = frozenset()
    warned: bool = False
    beside: frozenset[Reason] = frozenset()
    words: str = ""
    untold: bool = False


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        name: What the file is, in a few words; the name of the test.
        defect: What is wrong with it, or why it only looks wrong.
        right: What is right; one of these must hold.
        source: Where such a file was reported in public.
        build: Writes the file or files into an empty folder.
        options: What the user vouches for.
    """

    name: str
    defect: str
    right: Right | tuple[Right, ...]
    source: str
    build: Callable[[Path], object]
    options: ReadOptions = field(default_factory=ReadOptions)

    @property
    def answers(self) -> tuple[Right, ...]:
        """All right answers."""
        return self.right if isinstance(self.right, tuple) else (self.right,)


@dataclass(frozen=True)
class Outcome:
    """How finding and reading ended.

    Attributes:
        hu: Slices read, scan after scan.
        scans: Number of scans.
        skipped: What was refused.
        warnings: Sentences about the scans.
        texts: Every text that a report would show.
    """

    hu: list[npt.NDArray[np.float32]]
    scans: int
    skipped: list[Skipped]
    warnings: tuple[str, ...]
    texts: tuple[str, ...]


def refused(*reasons: Reason, words: str = "") -> Right:
    """Never scored, for one of these reasons."""
    return Right(reasons=frozenset(reasons), words=words)


def read(
    hu: Stack, *or_refused: Reason, warned: bool = False, beside: Iterable[Reason] = ()
) -> Right:
    """These HU; or, where that is right too, refused."""
    return Right(hu, frozenset(or_refused), warned, frozenset(beside))


def outcome(paths: list[Path], options: ReadOptions) -> Outcome:
    """Find and read as scoring does."""
    found = find_scans(paths, options)
    skipped = list(found.skipped)
    hu: list[npt.NDArray[np.float32]] = []
    for scan in found.scans:
        for item in stream_slices(scan.headers, options):
            if isinstance(item, Skipped):
                skipped.append(item)
            else:
                hu.append(item.hu)
    warnings = tuple(sentence for scan in found.scans for sentence in scan.warnings)
    shown = (
        text
        for scan in found.scans
        for header in scan.headers
        for text in (
            header.acquisition.kernel,
            header.acquisition.manufacturer,
            header.acquisition.model,
            header.acquisition.body_part,
        )
        if text
    )
    texts = (*warnings, *(each.detail for each in skipped), *shown)
    return Outcome(hu, len(found.scans), skipped, warnings, texts)


def complaint(ended: Outcome, right: Right) -> str | None:
    """What is not right about how a case ended; ``None`` where all is."""
    reasons = {each.reason for each in ended.skipped}
    if right.untold:
        return None
    if not ended.hu:
        return _refusal_complaint(ended, right, reasons)
    if right.hu is None:
        return f"{len(ended.hu)} slice(s) read, must be refused: {_names(right.reasons)}"
    if not reasons <= right.beside:
        return f"listed as skipped: {[(e.file.name, e.reason.value) for e in ended.skipped]}"
    if right.warned and not ended.warnings:
        return "read without a word of warning"
    return _hu_complaint(ended.hu, right.hu())


def _refusal_complaint(ended: Outcome, right: Right, reasons: set[Reason]) -> str | None:
    if not reasons or not reasons <= right.reasons | right.beside:
        wanted = _names(right.reasons) or "reading"
        details = [each.detail for each in ended.skipped]
        return f"refused as {_names(reasons) or 'nothing at all'}, right is {wanted}: {details}"
    if not any(right.words.lower() in each.detail.lower() for each in ended.skipped):
        return f"no sentence says {right.words!r}: {[each.detail for each in ended.skipped]}"
    return None


def _hu_complaint(
    got: list[npt.NDArray[np.float32]], wanted: npt.NDArray[np.float32]
) -> str | None:
    if len(got) != len(wanted):
        return f"{len(got)} slice(s) read, right is {len(wanted)}"
    for index, (one, other) in enumerate(zip(got, wanted, strict=True)):
        if one.shape != other.shape:
            return f"slice {index} is {one.shape}, right is {other.shape}"
        if not np.allclose(one, other, rtol=0, atol=0.01):
            return f"slice {index} is off by up to {np.abs(one - other).max():g} HU"
    return None


def leak(ended: Outcome) -> str | None:
    """The first text that names the patient or holds what a terminal obeys."""
    for text in ended.texts:
        if make.PATIENT[:6].lower() in text.lower():
            return f"names the patient: {text!r}"
        if not text.isprintable():
            return f"is not printable: {text!r}"
    return None


def _names(reasons: Iterable[Reason]) -> str:
    return ", ".join(sorted(reason.value for reason in reasons))
