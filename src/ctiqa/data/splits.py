"""Split patients into training, validation and test; patients are never divided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.errors import DataError
from ctiqa.recipe import DataRecipe

SPLITS = ("train", "validation", "test")

PINNED = ("test_patients", "validation_patients", "train_patients")
"""Keys of a recipe that say where some patients belong."""


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
    pinned = {key: [p for p in patients if p in _named(recipe, key)] for key in PINNED}
    test, validation, train = (pinned[key] for key in PINNED)
    free = [p for p in patients if p not in test + validation + train]
    free = [free[k] for k in rng.permutation(len(free))]
    n_test = max(round(recipe.test_share * len(patients)) - len(test), 0)
    n_validation = max(round(recipe.validation_share * len(patients)) - len(validation), 0)
    left = free[n_test + n_validation :]
    return test + free[:n_test], validation + free[n_test : n_test + n_validation], left + train


def _named(recipe: DataRecipe, key: str) -> tuple[str, ...]:
    """Patients that a key of the recipe names; none for a source without the key."""
    names: tuple[str, ...] = getattr(recipe, key, ())
    return names


def _check_pinned(region: Mapping[str, str], recipe: DataRecipe) -> None:
    problems = [
        f"'data.{key}' names {p}, who is not in the data"
        for key in PINNED
        for p in _named(recipe, key)
        if p not in region
    ]
    places = Counter(p for key in PINNED for p in set(_named(recipe, key)))
    problems += [
        f"patient {p} cannot be in more than one of test, validation and training"
        for p, count in sorted(places.items())
        if count > 1
    ]
    if problems:
        raise DataError("\n".join(problems))
