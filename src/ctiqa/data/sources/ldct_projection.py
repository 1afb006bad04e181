"""Chest slices of DistilIQA: pairs of TCIA LDCT-and-Projection-data, mixed to other doses.

Baldeon-Calisto M, et al. Comput Biol Med 177:108670, 2024. Collection: Moen TR, et al. Med Phys
48(2):902–911, 2021, doi:10.7937/9NPB-2637.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.manifest import write_if_changed
from ctiqa.data.published.labels import ssim_label
from ctiqa.data.sources.dose_cases import (
    DoseTask,
    derive,
    dose_order,
    dose_problems,
    find_slices,
    folders,
    published_folds_of,
    read_case_hu,
    relative,
    try_split,
)
from ctiqa.data.splits import Place
from ctiqa.errors import DataError, list_problems
from ctiqa.recipe import LdctProjectionData
from ctiqa.types import HuImage, SliceHeader

_FACTS: Mapping[str, Any] = {
    "source": "ldct-projection",
    "origin": "TCIA LDCT-and-Projection-data, doi:10.7937/9NPB-2637",
    "licence": "as stated by TCIA for the collection",
}

CHEST_CASE = re.compile(r"C\d{3}")
"""Names of chest cases in the collection; L and N are abdomens and heads."""

FULL, LOW = "full dose images", "low dose images"
"""Part of the folder name of a reconstructed series; projections have other names."""

SAME_PLACE_MM = 0.05
"""Largest distance in z between the slices of a pair."""

_PUBLISHED_FOLDS = 5
"""Number of folds into which the authors divide the list of training files."""

Pair = tuple[SliceHeader, SliceHeader]
"""A slice at full and at low dose."""


@dataclass(frozen=True, slots=True)
class PairTask(DoseTask):
    """One pair of slices.

    Attributes:
        low: The slice at low dose.
    """

    facts = _FACTS

    low: SliceHeader

    def low_dose(self, full: HuImage) -> HuImage:  # noqa: ARG002 - it has its own file
        """See :class:`DoseTask`."""
        return read_case_hu(self.low)

    def source(self, dose: float) -> Path:
        """See :class:`DoseTask`."""
        return (self.low if dose == self.recipe.low_dose else self.full).source.file

    def labels(self, images: Sequence[HuImage]) -> list[dict[str, float]]:
        """See :class:`DoseTask`."""
        values = [ssim_label(image, images[0], self.recipe.mode) for image in images]
        return [{"label": v, "raw": v, "label_ssim": v} for v in values]

    def derivation(self, dose: float) -> Derivation:
        """See :class:`DoseTask`."""
        recipe = self.recipe
        between = dose not in (1.0, recipe.low_dose)
        text = f"{dose:.0%} dose of LDCT-and-Projection-data in whole HU"
        if between:
            text = f"{dose:.0%} dose mixed from full dose and {recipe.low_dose:.0%} dose"
        described = f"{text} (DistilIQA, {recipe.mode})"
        return derive(self, dose, described, patient=self.patient, noise=between)


def plan(root: Path, recipe: LdctProjectionData) -> list[PairTask]:
    """Plan every pair of slices of the cases in the recipe, or of all chest cases.

    Raises:
        DataError: If the collection has problems; the message lists all of them.
    """
    cases = {f.name: f for f in folders(root) if CHEST_CASE.fullmatch(f.name)}
    named = (*recipe.test_patients, *recipe.train_patients)
    wanted = [name for name in cases if name in named or not recipe.train_patients]
    places, problems = try_split(wanted, _splitting(recipe))
    problems += _pinned_problems(cases, recipe) + dose_problems(recipe)
    pairs: dict[str, list[Pair]] = {}
    for name in wanted:
        pairs[name], found = _pairs(cases[name], root)
        problems += found
    list_problems(root, problems)
    return _tasks(root, recipe, pairs, places)


def after(out: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write the lists of DistilIQA, {path: score}, next to the manifest.

    The paths follow its layout, below ``dicom`` if DICOM files are written. As in the original,
    ``train.json`` holds everything outside the test set; the program of the authors divides it
    into folds.

    Raises:
        OutputError: If they cannot be written.
    """
    lists = {
        "dataset.json": records,
        "train.json": [r for r in records if r["patient"] not in _tested(records)],
        "test.json": [r for r in records if r["patient"] in _tested(records)],
    }
    for name, chosen in lists.items():
        scores = {r["published_path"]: r["label"] for r in chosen}
        write_if_changed(out / name, json.dumps(scores, indent=4).encode())


def _tested(records: Sequence[dict[str, Any]]) -> set[str]:
    return {r["patient"] for r in records if r["split"] == "test"}


def _splitting(recipe: LdctProjectionData) -> LdctProjectionData:
    """The recipe for splitting patients: the authors hold out no patient for validation."""
    if not recipe.train_patients:
        return recipe
    if recipe.mode == "as-published":
        return replace(recipe, train_patients=(), test_share=0.0, validation_share=0.0)
    return replace(recipe, train_patients=(), test_share=0.0)


def _pinned_problems(cases: Mapping[str, Path], recipe: LdctProjectionData) -> list[str]:
    """Training patients that are missing or also in the test set; the split checks the rest."""
    names = recipe.train_patients
    unknown = [f"'data.train_patients' names {p}, who is not in the data" for p in names]
    both = sorted(set(names) & set(recipe.test_patients))
    return [
        *(text for text, p in zip(unknown, names, strict=True) if p not in cases),
        *(f"patient {p} cannot be in both test and training" for p in both),
    ]


def _pairs(case: Path, root: Path) -> tuple[list[Pair], list[str]]:
    """The pairs of a case, sorted along z."""
    full, problems = _series(case, FULL, root)
    low, more = _series(case, LOW, root)
    problems += more
    if len(full) != len(low):
        problems.append(
            f"{case.name}: must have as many low-dose as full-dose slices, "
            f"got {len(low)} and {len(full)}"
        )
    partners = [(header, _partner(header, low)) for header in full]
    pairs = [(a, b) for a, b in partners if b is not None]
    problems += [
        f"{relative(h.source.file, root)}: no low-dose slice at its position; add it or remove this"
        for h, partner in partners
        if partner is None
    ]
    problems += [
        f"{relative(h.source.file, root)}: no full-dose slice at its position; "
        "add it or remove this"
        for h in low
        if _partner(h, full) is None
    ]
    return pairs, problems + [p for pair in pairs for p in _mismatch(*pair, root)]


def _series(case: Path, kind: str, root: Path) -> tuple[list[SliceHeader], list[str]]:
    """The slices of a case at one dose, sorted along z."""
    found = sorted(f for f in case.rglob("*") if f.is_dir() and kind in f.name.lower())
    if len(found) != 1:
        title = kind.title()
        return [], [f"{case.name}: must have one folder '… {title} …', got {len(found)}"]
    stacks, problems = find_slices(found[0], root)
    if len(stacks) != 1:
        where = relative(found[0], root)
        problems.append(f"{where}: must hold one series of one matrix, got {len(stacks)}")
    headers = [h for stack in stacks for h in stack if h.z_mm is not None]
    return headers, problems + _overlapping(headers, root)


def _overlapping(headers: Sequence[SliceHeader], root: Path) -> list[str]:
    """Neighbouring slices at the same position, which make pairs ambiguous."""
    return [
        f"{relative(b.source.file, root)}: lies where {a.source.file.name} lies; remove one"
        for a, b in pairwise(headers)
        if _distance_mm(a, b) <= SAME_PLACE_MM
    ]


def _partner(header: SliceHeader, others: Sequence[SliceHeader]) -> SliceHeader | None:
    nearest = min(others, key=lambda other: _distance_mm(header, other), default=None)
    if nearest is None or _distance_mm(header, nearest) > SAME_PLACE_MM:
        return None
    return nearest


def _distance_mm(a: SliceHeader, b: SliceHeader) -> float:
    return abs((a.z_mm or 0.0) - (b.z_mm or 0.0))


def _mismatch(full: SliceHeader, low: SliceHeader, root: Path) -> list[str]:
    if (full.rows, full.cols, full.spacing_mm) == (low.rows, low.cols, low.spacing_mm):
        return []
    where = relative(low.source.file, root)
    return [f"{where}: must have matrix and pixel spacing of its full-dose slice"]


def _tasks(
    root: Path,
    recipe: LdctProjectionData,
    pairs: Mapping[str, Sequence[Pair]],
    places: Mapping[str, Place],
) -> list[PairTask]:
    doses = dose_order(recipe)
    listed = [(name, pair) for name in sorted(pairs) for pair in sorted(pairs[name], key=_file)]
    where = [places[name] for name, _ in listed]
    folds = published_folds_of(where, recipe, published_folds)
    tasks = []
    for (name, (full, low)), place, own in zip(listed, where, folds, strict=True):
        title = f"{name}-{full.source.file.stem}"
        paths = _published_paths(full, low, doses, root)
        tasks.append(PairTask(title, name, full, doses, paths, own, place, recipe, low))
    if not tasks:
        raise DataError(f"'{root}' must hold chest cases C… with pairs of slices, got none")
    return tasks


def _file(pair: Pair) -> Path:
    return pair[0].source.file


def published_folds(count: int) -> tuple[int, ...]:
    """Folds of the authors: five blocks of the file list, which divide patients and doses.

    >>> published_folds(12)
    (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3)
    """
    run = max(count - int(count * (1 - 1 / _PUBLISHED_FOLDS)), 1)
    return tuple(k // run for k in range(count))


def _published_paths(
    full: SliceHeader, low: SliceHeader, doses: Sequence[float], root: Path
) -> tuple[str, ...]:
    """Keys of the DistilIQA lists: mixed doses lie next to the folder of the full-dose series."""
    file = full.source.file
    study = relative(file.parent.parent, root)
    between = (f"{study}/{dose}Dose/{file.name}" for dose in doses[2:])
    return (relative(file, root), relative(low.source.file, root), *between)
