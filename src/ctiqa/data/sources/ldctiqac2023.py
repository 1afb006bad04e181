"""LDCTIQAC2023: abdominal slices with radiologists' scores; near-duplicates stand for patients.

Lee W, et al. Low-dose computed tomography perceptual image quality assessment. Med Image Anal
99:103343, 2025. Pixels are float32 in [0, 1], HU = 1400·p − 1000.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.data.near_duplicates import pseudo_patients
from ctiqa.data.sources.labels_csv import (
    ScoredTask,
    SeenSlice,
    number_in,
    read_ct,
    scale_of,
    scored_tasks,
    see_ct,
    split_or_refuse,
)
from ctiqa.data.splits import Place
from ctiqa.io import ReadOptions
from ctiqa.recipe import Ldctiqac2023Data
from ctiqa.types import SCORE_RANGE

FOLDERS = {"train": ("image", "images"), "test": ("images", "image")}
"""Where the images of a part lie beside its JSON file, the published name first."""

OPTIONS = ReadOptions(tiff_hu=True)

FACTS = {
    "source": "ldctiqac2023",
    "origin": "LDCTIQAC2023",
    "licence": "CC BY-NC-SA 4.0",
}
"""Non-commercial and share-alike: no weights that ctiqa brings along may come from it."""


@dataclass(frozen=True, slots=True)
class Score:
    """One entry of a JSON file of scores: where it stands, its key and its value."""

    where: str
    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Scored:
    """A slice of the challenge with its file's name and its score."""

    file: str
    seen: SeenSlice
    score: float


def plan(root: Path, recipe: Ldctiqac2023Data) -> list[ScoredTask]:
    """Every scored slice, training slices split by pseudo-patient.

    Where the official test is there, no training slice is kept aside for a test: held-out
    training slices score about 0.16 higher and must not be mixed with it.

    Raises:
        DataError: Listing every problem of both parts at once.
    """
    train, problems = _read_part(root, "train")
    test, more = _read_part(root, "test")
    names = {part: _patients(part, each, recipe) for part, each in _parts(train, test)}
    splitting = _splitting(recipe, tested=bool(test))
    places = split_or_refuse(root, list(names["train"]), splitting, [*problems, *more])
    places |= dict.fromkeys(names["test"], Place("test"))
    learnt = [places[name].split != "test" for name in names["train"]]
    folds = _published_folds(learnt, recipe) + [-1] * len(test)
    pictures = [
        each.seen.picture(_record(part, each, patient, fold, recipe))
        for (part, each, patient), fold in zip(_listed(train, test, names), folds, strict=True)
    ]
    read = partial(read_ct, options=OPTIONS)
    return scored_tasks(pictures, places, kind="hu", read=read, facts=FACTS)


def _parts(
    train: Sequence[Scored], test: Sequence[Scored]
) -> tuple[tuple[str, Sequence[Scored]], tuple[str, Sequence[Scored]]]:
    return ("train", train), ("test", test)


def _listed(
    train: Sequence[Scored], test: Sequence[Scored], names: dict[str, list[str]]
) -> Iterator[tuple[str, Scored, str]]:
    for part, scored in _parts(train, test):
        for each, patient in zip(scored, names[part], strict=True):
            yield part, each, patient


def _patients(part: str, scored: Sequence[Scored], recipe: Ldctiqac2023Data) -> list[str]:
    """Pseudo-patient of every slice; training and test have their own."""
    groups = pseudo_patients([s.seen.fingerprint for s in scored], threshold=recipe.threshold)
    return [name if part == "train" else f"{part}-{name}" for name in groups]


def _record(
    part: str, scored: Scored, patient: str, fold: int, recipe: Ldctiqac2023Data
) -> dict[str, Any]:
    return {
        "patient": patient,
        "region": "abdomen",
        "file": scored.file,
        "label": scored.score,
        "raw": scored.score,
        "label_scale": scale_of(SCORE_RANGE),
        "published_split": part,
        "published_fold": fold,
        "mode": recipe.mode,
    }


def _splitting(recipe: Ldctiqac2023Data, *, tested: bool) -> Ldctiqac2023Data:
    """The recipe that patients are split by; as published, a fold of images validates."""
    test_share = 0.0 if tested else recipe.test_share
    validation_share = recipe.validation_share if recipe.mode == "corrected" else 0.0
    return replace(recipe, test_share=test_share, validation_share=validation_share)


def _published_folds(learnt: Sequence[bool], recipe: Ldctiqac2023Data) -> list[int]:
    """As published, folds drawn slice by slice, whoever the patient is; else none.

    Of five folds the first is TFKT's draw of 200 of the 1,000 slices.
    """
    if recipe.mode == "corrected":
        return [-1] * len(learnt)
    order = iter(np.random.default_rng(recipe.seed).permutation(sum(learnt)))
    return [int(next(order)) % recipe.folds if each else -1 for each in learnt]


def _read_part(root: Path, part: str) -> tuple[list[Scored], list[str]]:
    """The slices of the training or test part, and what is wrong with it."""
    found = sorted(root.rglob(f"{part}.json"))
    if not found and part == "test":
        return [], []
    if len(found) != 1:
        return [], [f"{part}.json: must be there once below the root, got {len(found)}"]
    scores, problems = _read_scores(found[0])
    files = _images(found[0].parent, part)
    matched, more = _match(scores, files, found[0].name)
    problems += more
    scored = []
    for score, file in matched:
        value = number_in(score.value, SCORE_RANGE)
        if value is None:
            low, high = SCORE_RANGE
            problems.append(
                f"{score.where}: the score of {score.name} must be a number in {low:g}…{high:g}, "
                f"got {score.value!r}"
            )
        seen, more = see_ct(file, OPTIONS, name=f"{score.where}: {file.name}", fingerprints=True)
        problems += more
        if len(seen) > 1:
            problems.append(f"{file.name}: must be one slice, got {len(seen)}; split it")
        name = file.relative_to(found[0].parent).as_posix()
        scored += [Scored(name, each, value or 0.0) for each in seen]
    return scored, problems


def _read_scores(file: Path) -> tuple[list[Score], list[str]]:
    """The entries of a JSON object, equal keys included, each with its line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        pairs = json.loads(text, object_pairs_hook=list)
    except (OSError, ValueError, RecursionError) as error:
        return [], [f"{file.name}: must be a readable JSON object: {error}"]
    if not (text.lstrip().startswith("{") and pairs):
        return [], [f"{file.name}: must be a JSON object of image names and scores"]
    scores, start = [], 0
    for name, value in pairs:
        # An escaped key is not found as it is; the entry before it is then named.
        start = max(text.find(f'"{name}"', start), start)
        scores.append(Score(f"{file.name}:{text.count(chr(10), 0, start) + 1}", name, value))
        start += 1
    return scores, []


def _images(folder: Path, part: str) -> list[Path]:
    for name in FOLDERS[part]:
        if (folder / name).is_dir():
            files = sorted((folder / name).iterdir())
            return [file for file in files if not file.name.startswith(".")]
    return []


def _match(
    scores: Sequence[Score], files: Sequence[Path], table: str
) -> tuple[list[tuple[Score, Path]], list[str]]:
    """Scores with their images, whose suffix the key may leave out."""
    known = {name: file for file in files for name in (file.stem, file.name)}
    problems: list[str] = []
    first: dict[Path, Score] = {}
    for score in scores:
        file = known.get(score.name)
        if file is None:
            problems.append(f"{score.where}: no image {score.name}; add it or remove the score")
        elif first.setdefault(file, score) is not score:
            where = first[file].where
            problems.append(f"{score.where}: {score.name} is there already in {where}; remove one")
    problems += [
        f"{file.parent.name}/{file.name}: is not in {table}; add its score or remove it"
        for file in files
        if file not in first
    ]
    return [(score, file) for file, score in first.items()], problems
