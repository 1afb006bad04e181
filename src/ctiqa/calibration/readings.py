"""Cases with their readers: which slices each reading is of, and what readers agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.effects import (
    Indices,
    ReaderEffects,
    case_means,
    reader_effects,
    without_bias,
)
from ctiqa.calibration.match import SliceIndex
from ctiqa.calibration.scored import ScoredImages
from ctiqa.calibration.table import Reading
from ctiqa.errors import NothingToDoError, some
from ctiqa.types import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Scores of readers, and the scores of the model for the same cases.

    Attributes:
        cases: The cases; their target is the mean of the readers without their biases.
        case: Index of the case of each reading [readings].
        reader: Index of its reader [readings].
        score: Score in grades [readings].
        readers: Names of the readers.
        effects: How readers differ; ``None`` if no case has several of them.
        patients_named: Whether the table names the patients.
        left_out: Cases left out, each with the reason.
    """

    cases: Cases
    case: Indices
    reader: Indices
    score: Floats
    readers: tuple[str, ...]
    effects: ReaderEffects | None
    patients_named: bool
    left_out: tuple[str, ...] = ()

    @property
    def target(self) -> Floats:
        """Mean of the readers of each case, without their biases [cases]."""
        return self.cases.target

    def table(self) -> Floats:
        """Score of each reader for each case [readers, cases]; NaN where there is none."""
        table = np.full((len(self.readers), len(self.target)), np.nan)
        table[self.reader, self.case] = self.score
        return table

    def against_others(self) -> dict[str, tuple[Floats, Floats]]:
        """Scores of each reader, and means of the other readers of the same cases."""
        found = {}
        table = self.table()
        for name, own in zip(self.readers, table, strict=True):
            others = np.sum(~np.isnan(table), axis=0) - ~np.isnan(own)
            shared = (others > 0) & ~np.isnan(own)
            rest = np.nansum(table, axis=0)[shared] - own[shared]
            found[name] = (own[shared], rest / others[shared])
        return found


def match_readings(readings: Sequence[Reading], scored: ScoredImages, root: Path) -> Readings:
    """Match readings with scored slices.

    A case of several slices has all of them. Without names of patients, cases of one series are of
    one patient.

    Args:
        readings: Scores of readers.
        scored: Scores of the model.
        root: Folder to which paths of cases are relative.

    Raises:
        NothingToDoError: If no case matches.
    """
    places, left_out = _places(readings, scored, root)
    if not places:
        raise NothingToDoError(
            f"no case of the readers is among the scores of the model: {some(left_out, 3)}; check "
            "the ids, or pass the scans that they name"
        )
    names = {case: number for number, case in enumerate(places)}
    used = [each for each in readings if each.case in names]
    readers = tuple(dict.fromkeys(each.reader for each in used))
    case = np.array([names[each.case] for each in used])
    reader = np.array([readers.index(each.reader) for each in used])
    score = np.array([each.score for each in used])
    effects = reader_effects(case, reader, score)
    target = case_means(case, without_bias(score, reader, effects))
    patients = {each.case: each.patient for each in used}
    cases = _cases(places, patients, scored, target)
    named = all(patients.values())
    return Readings(cases, case, reader, score, readers, effects, named, tuple(left_out))


def _places(
    readings: Sequence[Reading], scored: ScoredImages, root: Path
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Indices of the scored slices of each case, and the cases without any."""
    index = SliceIndex(scored.slices, scored.skipped, root)
    places: dict[str, tuple[int, ...]] = {}
    left_out: list[str] = []
    seen: dict[tuple[int, ...], str] = {}
    for each in {each.case: each for each in readings}.values():
        numbers, why = index.find(each.case, is_path=each.is_path)
        known = tuple(n for n in numbers if scored.slices[n].open_score is not None)
        if numbers and not known:
            why = f"not scored by the model: {scored.slices[numbers[0]].why}"
        if known and (same := seen.setdefault(known, each.case)) != each.case:
            known, why = (), f"the same images as {same}"
        if known:
            places[each.case] = known
        else:
            left_out.append(f"{each.case} ({why})")
    return places, left_out


def _cases(
    places: Mapping[str, tuple[int, ...]],
    patients: Mapping[str, str],
    scored: ScoredImages,
    target: Floats,
) -> Cases:
    counts = [len(numbers) for numbers in places.values()]
    owners = [
        patients[case] or f"series {scored.slices[numbers[0]].series_uid}"
        for case, numbers in places.items()
    ]
    known = [scored.slices[n].open_score for numbers in places.values() for n in numbers]
    return Cases(
        open_scores=np.array([0.0 if score is None else score for score in known]),
        starts=np.cumsum([0, *counts[:-1]]),
        target=target,
        patient=np.unique(owners, return_inverse=True)[1],
    )
