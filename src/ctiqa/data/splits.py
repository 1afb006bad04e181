"""Who is trained on and who is kept aside: always whole patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctiqa.errors import DataError
from ctiqa.recipe import DataRecipe

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patient belongs: split, and fold within the training patients (else -1)."""

    split: str
    fold: int = -1


def split_patients(region: Mapping[str, str], recipe: DataRecipe) -> dict[str, Place]:
    """Divide patients into training, validation and test, region by region.

    The same recipe and patients always give the same split, whatever the order they come in.

    Args:
        region: Region of every patient, by patient id.
        recipe: Shares, pinned patients, folds and seed.

    Returns:
        Place of every patient.

    Raises:
        DataError: If a pinned patient is unknown or pinned twice, or if fewer patients are left
            to train on than there are folds of patients.

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
    # As published, folds are of images (``published_fold``), and those of patients are not read.
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
