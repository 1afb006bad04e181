"""User data: CT files with a table of scores, or clean CT files for simulated degradation."""

from __future__ import annotations

import os
import posixpath
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data.label_scale import format_label_scale
from ctiqa.data.manifest import SHARDS
from ctiqa.data.near_duplicates import pseudo_patients
from ctiqa.data.score_tables import ScoreRow, cell_number, read_table
from ctiqa.data.sources.clean_series import Series, evenly, region_of, scanner_of
from ctiqa.data.sources.dose_cases import HARMLESS, relative
from ctiqa.data.sources.scored_images import (
    InspectedSlice,
    ScoredTask,
    inspect_ct,
    inspect_slice,
    read_ct,
    scored_tasks,
    split_or_raise,
)
from ctiqa.data.sources.simulate import SimulateTask, tasks_of
from ctiqa.data.splits import SPLITS, Place
from ctiqa.errors import DataError, RefusedError, list_problems
from ctiqa.io import ReadOptions, find_scans, read_slice
from ctiqa.io.access.files import sniff, walk
from ctiqa.recipe import DataRecipe, FolderData, SimulateData
from ctiqa.types import HuImage, Scan, SliceHeader

OWN = "the user's own"

_FACTS = {"source": "folder", "origin": OWN, "licence": OWN}


@dataclass(frozen=True, slots=True)
class Entry:
    """A path of the table with its lines and slices."""

    path: str
    rows: tuple[ScoreRow, ...]
    slices: tuple[InspectedSlice, ...]

    def cell(self, column: str) -> str:
        """A cell of the first line; empty if the table lacks the column."""
        return self.rows[0].cells.get(column, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSlice(Series):
    """One slice of a CT file, treated as a series.

    Attributes:
        header: The slice.
        options: Read options.
    """

    header: SliceHeader
    options: ReadOptions

    def read(self) -> tuple[HuImage, tuple[float, float]]:
        """See :meth:`Series.read`."""
        try:
            hu = read_slice(self.header, self.options).hu
        except RefusedError as error:
            raise DataError(f"'{self.file}' cannot be read ({error}); replace it") from None
        return hu[None], self.header.spacing_mm or (1.0, 1.0)


def plan(root: Path, recipe: FolderData) -> list[ScoredTask] | list[SimulateTask]:
    """Plan every scored slice, or every clean slice to degrade.

    Raises:
        DataError: If the folder has problems; the message lists all of them.
    """
    if not root.is_dir():
        raise DataError(f"'{root}' must be a folder, got none")
    return _plan_scored(root, recipe) if recipe.table else _plan_clean(root, recipe)


def _plan_scored(root: Path, recipe: FolderData) -> list[ScoredTask]:
    rows, problems = read_table(
        root / recipe.table, ("path", "score"), ("patient", "reader", "split")
    )
    entries, found = _entries(root, rows, recipe)
    problems += _row_problems(rows, recipe) + found + _extra(root, entries, recipe)
    patients = _patients_of(entries, recipe)
    problems += _inconsistent_patients(entries, patients)
    places = _places(root, entries, patients, recipe, problems)
    images = [
        each.scored_image(_record(root, entry, each, patient, recipe))
        for entry, patient in zip(entries, patients, strict=True)
        for each in entry.slices
    ]
    read = partial(read_ct, options=_options(recipe))
    return scored_tasks(images, places, kind="hu", read=read, facts=_FACTS)


def _options(recipe: FolderData) -> ReadOptions:
    return ReadOptions(tiff_hu=recipe.tiff_hu)


def _row_problems(rows: Sequence[ScoreRow], recipe: FolderData) -> list[str]:
    """Problems of single lines, and duplicate lines."""
    low, high = recipe.score_range
    problems: list[str] = []
    first: dict[tuple[str, str], str] = {}
    for row in rows:
        problems += cell_number(row, "score", (low, high))[1]
        split = row.cells.get("split")
        if split and split not in SPLITS:
            problems.append(f"{row.where}: 'split' must be {', '.join(SPLITS)}, got {split!r}")
        path, reader = _path(row), row.cells.get("reader", "")
        where = first.setdefault((path, reader), row.where)
        if path and where != row.where:
            by = f" by reader {reader}" if reader else ""
            problems.append(f"{row.where}: {path} is scored{by} already in {where}; remove one")
    return problems


def _path(row: ScoreRow) -> str:
    """The normalised path of a line; empty if it has none."""
    text = row.cells.get("path", "")
    return posixpath.normpath(text) if text else ""


def _entries(
    root: Path, rows: Sequence[ScoreRow], recipe: FolderData
) -> tuple[list[Entry], list[str]]:
    """The paths of a table in its order with their slices, and their problems."""
    lines: dict[str, list[ScoreRow]] = defaultdict(list)
    for row in rows:
        if path := _path(row):
            lines[path].append(row)
    entries, problems = [], []
    for path, own in lines.items():
        slices, found = _slices(root, path, own[0], recipe)
        entries.append(Entry(path, tuple(own), tuple(slices)))
        problems += found
    return entries, problems


def _slices(
    root: Path, path: str, row: ScoreRow, recipe: FolderData
) -> tuple[list[InspectedSlice], list[str]]:
    if PurePosixPath(path).is_absolute() or path.startswith(".."):
        return [], [f"{row.where}: 'path' must lie below the table's folder, got {path!r}"]
    if not (root / path).exists():
        return [], [f"{row.where}: no file {path}; add it or remove the line"]
    nameless = "patient" not in row.cells
    name = f"{row.where}: {path}"
    return inspect_ct(root / path, _options(recipe), name=name, fingerprints=nameless)


def _extra(root: Path, entries: Sequence[Entry], recipe: FolderData) -> list[str]:
    """Problems: CT files that the table does not list, except those of a prepared data set."""
    named = [root / entry.path for entry in entries if (root / entry.path).exists()]
    listed = {os.path.realpath(file) for file in walk(named)}
    others = [file for file in walk([root]) if os.path.realpath(file) not in listed]
    return [
        f"{relative(file, root)}: is not in {recipe.table}; add a line or remove the file"
        for file in others
        if SHARDS not in file.relative_to(root).parts and _is_ct(file)
    ]


def _is_ct(file: Path) -> bool:
    try:
        return bool(sniff(file))
    except RefusedError:
        return False


def _patients_of(entries: Sequence[Entry], recipe: FolderData) -> list[str]:
    """Patient of each path: from the table, or a pseudo-patient found by the pixels."""
    if any("patient" in row.cells for entry in entries for row in entry.rows):
        return [entry.cell("patient") for entry in entries]
    parts = [[each.fingerprint for each in entry.slices] for entry in entries]
    return pseudo_patients(parts, threshold=recipe.threshold)


def _inconsistent_patients(entries: Sequence[Entry], patients: Sequence[str]) -> list[str]:
    """Problems: paths of two patients, and patients in two splits."""
    problems: list[str] = []
    split_of: dict[str, ScoreRow] = {}
    for entry, patient in zip(entries, patients, strict=True):
        for row in entry.rows:
            own = row.cells.get("patient", patient)
            if own != patient:
                problems.append(
                    f"{row.where}: {entry.path} must be of one patient, got {own} and {patient}"
                )
            first = split_of.setdefault(own, row)
            here, there = row.cells.get("split", ""), first.cells.get("split", "")
            if here and there and here != there:
                problems.append(
                    f"{row.where}: patient {own} must be in one split, got '{here}' here and "
                    f"'{there}' in {first.where}"
                )
    return problems


def _places(
    root: Path,
    entries: Sequence[Entry],
    patients: Sequence[str],
    recipe: FolderData,
    problems: Sequence[str],
) -> dict[str, Place]:
    """Split and fold of each patient: from the table, or drawn."""
    known = [patient for patient in dict.fromkeys(patients) if patient]
    split = {p: e.cell("split") for e, p in zip(entries, patients, strict=True)}
    if not any(split.values()):
        return split_or_raise(root, known, recipe, problems)
    pinned = ("test_patients", "train_patients")
    more = [
        f"'data.{key}' must be empty where the table has a column 'split', got "
        f"{', '.join(getattr(recipe, key))}"
        for key in pinned
        if getattr(recipe, key)
    ]
    folding = replace(
        recipe, test_share=0.0, validation_share=0.0, test_patients=(), train_patients=()
    )
    trained = [p for p in known if split[p] == "train"]
    places = split_or_raise(root, trained, folding, [*problems, *more])
    return {p: places.get(p, Place(split[p])) for p in known}


def _record(
    root: Path, entry: Entry, inspected: InspectedSlice, patient: str, recipe: FolderData
) -> dict[str, Any]:
    low, high = recipe.score_range
    scores = [cell_number(row, "score", (low, high))[0] for row in entry.rows]
    label = statistics.fmean(scores)
    return {
        "patient": patient,
        "region": _region(inspected.header),
        "scanner": _scanner(inspected.header),
        "scanner_kernel": inspected.header.acquisition.kernel or "",
        "file": relative(inspected.header.source.file, root),
        "frame": inspected.header.source.frame,
        "label": label,
        "raw": label,
        "label_scale": format_label_scale(recipe.score_range),
        "readers": len(scores),
        "reader_scores": scores,
        "reader_sd": statistics.stdev(scores) if len(scores) > 1 else None,
    }


def _scanner(header: SliceHeader) -> str:
    acquisition = header.acquisition
    return scanner_of(acquisition.manufacturer, acquisition.model)


def _region(header: SliceHeader) -> str:
    part = header.acquisition.body_part
    return region_of(part) if part else "unknown"


def _plan_clean(root: Path, recipe: FolderData) -> list[SimulateTask]:
    """Plan the slices to degrade.

    Files in one folder below the root belong to one patient, and each file in the root itself is
    one patient. Patients with the same anatomy are joined.
    """
    options = _options(recipe)
    degrading = _degrading(recipe)
    found = find_scans([root], options)
    skipped = [s for s in found.skipped if s.reason not in HARMLESS and _is_ct(s.file)]
    problems = [f"{relative(s.file, root)}: {s.detail}; replace or remove it" for s in skipped]
    problems += [p for scan in found.scans for p in _about_scan(scan, root)]
    chosen = {number: _chosen(scan, degrading) for number, scan in enumerate(found.scans)}
    inspected, more = _inspect_all(root, chosen.values(), options)
    if not (found.scans or skipped):
        more.append("must hold clean CT slices, got none")
    list_problems(root, [*problems, *more])
    patients = _patients_of_scans(root, found.scans, inspected, recipe)
    return tasks_of(
        [
            _series(scan, number, header, patients[number], options)
            for number, scan in enumerate(found.scans)
            for header in chosen[number]
        ],
        degrading,
    )


def _degrading(recipe: FolderData) -> SimulateData:
    shared = {field.name: getattr(recipe, field.name) for field in fields(DataRecipe)}
    return SimulateData(
        **shared,
        train_examples=recipe.train_examples,
        held_out_examples=recipe.held_out_examples,
    )


def _about_scan(scan: Scan, root: Path) -> list[str]:
    lost = {h.source.file for h in scan.headers if h.spacing_mm is None}
    return [
        f"{relative(f, root)}: must state its pixel spacing; leave it out" for f in sorted(lost)
    ]


def _chosen(scan: Scan, recipe: SimulateData) -> list[SliceHeader]:
    """The slices of a scan to degrade, evenly spaced."""
    numbers = evenly(len(scan.headers), recipe.most_slices)
    return [scan.headers[number] for number in numbers]


def _inspect_all(
    root: Path, scans: Iterable[Sequence[SliceHeader]], options: ReadOptions
) -> tuple[list[list[InspectedSlice]], list[str]]:
    inspected: list[list[InspectedSlice]] = []
    problems: list[str] = []
    for headers in scans:
        inspected.append([])
        for header in headers:
            try:
                inspected[-1].append(inspect_slice(header, options, fingerprints=True))
            except RefusedError as error:
                problems.append(f"{relative(header.source.file, root)}: {error}; replace it")
    return inspected, problems


def _patients_of_scans(
    root: Path,
    scans: Sequence[Scan],
    inspected: Sequence[Sequence[InspectedSlice]],
    recipe: FolderData,
) -> list[str]:
    """Pseudo-patient of each scan."""
    owners = [_owner(root, scan) for scan in scans]
    parts: dict[str, list[npt.NDArray[np.float32]]] = defaultdict(list)
    for owner, own in zip(owners, inspected, strict=True):
        parts[owner] += [each.fingerprint for each in own]
    names = pseudo_patients(list(parts.values()), threshold=recipe.threshold)
    patient = dict(zip(parts, names, strict=True))
    return [patient[owner] for owner in owners]


def _owner(root: Path, scan: Scan) -> str:
    """First folder below the root, or the file in the root."""
    return scan.headers[0].source.file.relative_to(root).parts[0]


def _series(
    scan: Scan, number: int, header: SliceHeader, patient: str, options: ReadOptions
) -> FoundSlice:
    return FoundSlice(
        name=f"scan-{number:04d}-{scan.headers.index(header):04d}",
        file=header.source.file,
        patient=patient,
        region=_region(scan.headers[0]),
        kernel=header.acquisition.kernel or "",
        n_slices=1,
        licence=OWN,
        origin=OWN,
        scanner=_scanner(header),
        header=header,
        options=options,
    )
