"""LDCTIQAC2023: abdominal slices with radiologist scores, split by pseudo-patient.

Lee W, et al. Low-dose computed tomography perceptual image quality assessment. Med Image Anal
99:103343, 2025. Pixels are float32 in [0, 1], HU = 1400·p − 1000.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.data.label_scale import format_label_scale
from ctiqa.data.near_duplicates import pseudo_patients
from ctiqa.data.score_tables import number_in
from ctiqa.data.sources.scored_images import (
    InspectedSlice,
    ScoredImage,
    ScoredTask,
    inspect_ct,
    read_ct,
    scored_tasks,
    split_or_raise,
)
from ctiqa.data.splits import Place
from ctiqa.io import ReadOptions
from ctiqa.recipe import Ldctiqac2023Data
from ctiqa.types import SCORE_RANGE

FOLDERS = {"train": ("image", "images"), "test": ("images", "image")}
"""Image folder of each part next to its JSON file, the published name first."""

REMEDY = {
    "train": "",
    "test": "; put LDCTIQAG2023_test into the root once, or set 'data.setting' to 'A', which "
    "tests on a part of the training slices",
}
"""Advice if a part is missing or occurs twice."""

OPTIONS = ReadOptions(tiff_hu=True)

_FACTS = {
    "source": "ldctiqac2023",
    "origin": "LDCTIQAC2023",
    "licence": "CC BY-NC-SA 4.0",
}
"""Non-commercial and share-alike: weights shipped with ctiqa must not be trained on it."""


@dataclass(frozen=True, slots=True)
class Score:
    """One entry of a JSON file of scores: position, key and value."""

    where: str
    name: str
    value: object


@dataclass(frozen=True, slots=True)
class ScoredSlice:
    """A slice of the challenge with file name and score."""

    file: str
    inspected: InspectedSlice
    score: float


def plan(root: Path, recipe: Ldctiqac2023Data) -> list[ScoredTask]:
    """Plan every scored slice, with training slices split by pseudo-patient.

    With the official test set, no training slice is held out for testing: held-out training slices
    score about 0.16 higher and must not be mixed with the test set.

    Raises:
        DataError: If the parts used by the setting have problems; the message lists all of them.
    """
    train, problems = _read_part(root, "train")
    test, more = _read_part(root, "test") if recipe.setting == "B" else ([], [])
    parts = {"train": train, "test": test}
    names = {part: _patients(part, scored, recipe) for part, scored in parts.items()}
    places = split_or_raise(root, names["train"], _splitting(recipe), [*problems, *more])
    places |= dict.fromkeys(names["test"], Place("test"))
    folds = _published_folds(len(train), recipe) + [-1] * len(test)
    listed = (
        (part, each, patient)
        for part, scored in parts.items()
        for each, patient in zip(scored, names[part], strict=True)
    )
    images = [
        each.inspected.scored_image(_record(part, each, patient, fold, recipe))
        for (part, each, patient), fold in zip(listed, folds, strict=True)
    ]
    tasks = _stored(images, places)
    if recipe.test_validates:
        tasks += _stored(_tested_again(images), dict.fromkeys(places, Place("test")))
    return tasks


def _stored(images: Sequence[ScoredImage], places: Mapping[str, Place]) -> list[ScoredTask]:
    read = partial(read_ct, options=OPTIONS)
    return scored_tasks(images, places, kind="hu", read=read, facts=_FACTS)


def _tested_again(images: Sequence[ScoredImage]) -> list[ScoredImage]:
    """Copies of the images of the first published fold, assigned to no fold."""
    return [
        replace(image, record={**image.record, "published_fold": -1})
        for image in images
        if image.record["published_fold"] == 0
    ]


def _patients(part: str, scored: Sequence[ScoredSlice], recipe: Ldctiqac2023Data) -> list[str]:
    """Pseudo-patient of each slice; training and test are grouped separately."""
    groups = pseudo_patients(
        [[each.inspected.fingerprint] for each in scored], threshold=recipe.threshold
    )
    return [name if part == "train" else f"{part}-{name}" for name in groups]


def _record(
    part: str, scored: ScoredSlice, patient: str, fold: int, recipe: Ldctiqac2023Data
) -> dict[str, Any]:
    return {
        "patient": patient,
        "region": "abdomen",
        "file": scored.file,
        "label": scored.score,
        "raw": scored.score,
        "label_scale": format_label_scale(SCORE_RANGE),
        "published_split": part,
        "published_fold": fold,
        "mode": recipe.mode,
    }


def _splitting(recipe: Ldctiqac2023Data) -> Ldctiqac2023Data:
    """The recipe for splitting patients; as published, images are drawn instead."""
    if recipe.mode == "as-published":
        return replace(recipe, test_share=0.0, validation_share=0.0)
    return recipe if recipe.setting == "A" else replace(recipe, test_share=0.0)


def _published_folds(count: int, recipe: Ldctiqac2023Data) -> list[int]:
    """As published, folds drawn slice by slice regardless of the patient; otherwise none.

    With five folds, the first corresponds to the draw of 200 of the 1,000 slices by TFKT.
    """
    if recipe.mode == "corrected":
        return [-1] * count
    order = np.random.default_rng(recipe.seed).permutation(count)
    return [int(number) % recipe.folds for number in order]


def _read_part(root: Path, part: str) -> tuple[list[ScoredSlice], list[str]]:
    """The slices of the training or test part, and its problems."""
    found = sorted(root.rglob(f"{part}.json"))
    if len(found) != 1:
        return [], [
            f"{part}.json: must be there once below the root, got {len(found)}{REMEDY[part]}"
        ]
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
        inspected, more = inspect_ct(
            file, OPTIONS, name=f"{score.where}: {file.name}", fingerprints=True
        )
        problems += more
        if len(inspected) > 1:
            problems.append(f"{file.name}: must be one slice, got {len(inspected)}; split it")
        name = file.relative_to(found[0].parent).as_posix()
        scored += [ScoredSlice(name, each, value or 0.0) for each in inspected]
    return scored, problems


def _read_scores(file: Path) -> tuple[list[Score], list[str]]:
    """The entries of a JSON object with their lines, including duplicate keys."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        pairs = json.loads(text, object_pairs_hook=list)
    except (OSError, ValueError, RecursionError) as error:
        return [], [f"{file.name}: must be a readable JSON object: {error}"]
    if not (text.lstrip().startswith("{") and pairs):
        return [], [f"{file.name}: must be a JSON object of image names and scores"]
    scores, start = [], 0
    for name, value in pairs:
        # An escaped key is not found verbatim; the line of the previous entry is reported then.
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
    """Match scores with images; keys may omit the file suffix."""
    known = {name: file for file in files for name in (file.stem, file.name)}
    problems: list[str] = []
    first: dict[Path, Score] = {}
    for score in scores:
        file = known.get(score.name)
        if file is None:
            problems.append(f"{score.where}: no image {score.name}; add it or remove the score")
        elif first.setdefault(file, score) is not score:
            where = first[file].where
            problems.append(f"{score.where}: {score.name} already occurs in {where}; remove one")
    problems += [
        f"{file.parent.name}/{file.name}: is not in {table}; add its score or remove it"
        for file in files
        if file not in first
    ]
    return [(score, file) for file, score in first.items()], problems
