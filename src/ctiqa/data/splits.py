"""Split patients into training, validation and test; patients are never divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.errors import DataError
from ctiqa.recipe import DataRecipe

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Place:
    """Split of a patient, and fold of a training patient (otherwise -1)."""

    split: str
    fold: int = -1


def split_patients(region: Mapping[str, str], recipe: DataRecipe) -> dict[str, Place]:
    """Split patients into training, validation and test, stratified by region.

    The split depends only on the recipe and the set of patients, not on their order.

    Args:
        region: Region of each patient, by patient ID.
        recipe: Shares, pinned patients, folds and seed.

    Returns:
        Split and fold of each patient.

    Raises:
        DataError: If a pinned patient is unknown or pinned twice, or if there are fewer training
            patients than folds.

    >>> places = split_patients({f"p{i}": "chest" for i in range(20)}, DataRecipe(folds=2))
    >>> sorted({p.split for p in places.values()})
    ['test', 'train', 'validation']
    """
    _check_pinned(region, recipe)
    rng = np.random.default_rng(recipe.seed)
    places: dict[str, Place] = {}
    training: list[str] = []
    for name in sorted(set(region.values())):
        patients = sorted(p for p, r in region.items() if r == name)
        test, validation, rest = _cut(patients, recipe, rng)
        places |= dict.fromkeys(test, Place("test")) | dict.fromkeys(
            validation, Place("validation")
        )
        training += rest
    # As published, folds consist of images (``published_fold``); folds of patients are not used.
    if len(training) < (1 if recipe.mode == "as-published" else recipe.folds):
        raise DataError(
            f"'data.folds' must be at most the {len(training)} patients left to train on, "
            f"got {recipe.folds}; lower it or the shares"
        )
    return places | {p: Place("train", k % recipe.folds) for k, p in enumerate(training)}


def _cut(
    patients: Sequence[str], recipe: DataRecipe, rng: np.random.Generator
) -> tuple[list[str], list[str], list[str]]:
    free = [p for p in patients if p not in recipe.test_patients + recipe.train_patients]
    free = [free[k] for k in rng.permutation(len(free))]
    pinned = [p for p in patients if p in recipe.test_patients]
    n_test = max(round(recipe.test_share * len(patients)) - len(pinned), 0)
    n_validation = round(recipe.validation_share * len(patients))
    rest = free[n_test + n_validation :] + [p for p in patients if p in recipe.train_patients]
    return pinned + free[:n_test], free[n_test : n_test + n_validation], rest


def _check_pinned(region: Mapping[str, str], recipe: DataRecipe) -> None:
    problems = [
        f"'data.{key}' names {p}, who is not in the data"
        for key in ("test_patients", "train_patients")
        for p in getattr(recipe, key)
        if p not in region
    ]
    both = set(recipe.test_patients) & set(recipe.train_patients)
    problems += [f"patient {p} cannot be in both test and training" for p in sorted(both)]
    if problems:
        raise DataError("\n".join(problems))
