"""Chest slices of Shen: normal dose from DICOM, low dose by Poisson noise, other doses mixed.

Shen J, Zhang H, Liu Y. Modeling and Simulation 14(3):186–198, 2025.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.published.dose_mix import SHEN_NOISE, shen_low_dose
from ctiqa.data.published.labels import PairScores, psnr_db, shen_labels, ssim_label
from ctiqa.data.sources.dose_cases import (
    DoseTask,
    derive,
    dose_order,
    dose_problems,
    find_slices,
    folders,
    loose_files,
    published_folds_of,
    try_split,
)
from ctiqa.data.splits import Place
from ctiqa.data.task import task_rng
from ctiqa.errors import list_problems
from ctiqa.recipe import CccidData
from ctiqa.recipe.data import Mode
from ctiqa.types import HuImage, SliceHeader

_FACTS: Mapping[str, Any] = {
    "source": "cccid",
    "origin": "the user's own",
    "licence": "the user's own",
}

_PUBLISHED_FOLDS = 5
"""Number of folds; the first, a fifth of the training images, is the validation set."""


@dataclass(frozen=True, slots=True)
class NormalDoseTask(DoseTask):
    """One slice at normal dose.

    Attributes:
        recipe: Recipe of the data set.
    """

    facts = _FACTS

    recipe: CccidData

    @property
    def _rounding(self) -> Mode:
        """The paper of Shen does not truncate."""
        return "corrected"

    def low_dose(self, full: HuImage) -> HuImage:
        """See :class:`DoseTask`."""
        return shen_low_dose(
            full,
            self.full.spacing_mm or (1.0, 1.0),
            task_rng(self.recipe.seed, self.name),
            dose=self.recipe.low_dose,
            model=replace(SHEN_NOISE, photons=self.recipe.photons),
        )

    def labels(self, images: Sequence[HuImage]) -> list[dict[str, float]]:
        """See :class:`DoseTask`; as published, :func:`joint` recomputes them for the data set."""
        mode, cap = self.recipe.mode, self.recipe.psnr_cap_db
        psnr = np.array([min(psnr_db(image, images[0], mode), cap) for image in images])
        ssim = np.array([ssim_label(image, images[0], mode) for image in images])
        values = _labels(psnr, ssim, self.recipe)
        names = ("label", "raw", "label_psnr_db", "label_ssim")
        rows = zip(values, values, psnr, ssim, strict=True)
        return [dict(zip(names, map(float, row), strict=True)) for row in rows]

    def derivation(self, dose: float) -> Derivation:
        """See :class:`DoseTask`; folder names may identify persons and are not written."""
        case = "CASE-" + hashlib.sha256(self.patient.encode()).hexdigest()[:8].upper()
        low = self.recipe.low_dose
        made = f"Poisson noise in the projections ({self.recipe.photons:g} photons a ray)"
        text = f"{low:.0%} dose by {made}"
        if dose != low:
            text = f"{dose:.0%} dose mixed from normal dose and {text}"
        described = f"{text}; Shen 2025, {self.recipe.mode}" if dose < 1 else "Normal dose"
        return derive(self, dose, described, patient=case, noise=dose < 1)


def joint(recipe: CccidData, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records with labels that depend on the whole data set.

    As published, PSNR is normalised by the minimum and maximum of the data set, which a single
    slice does not know.
    """
    if recipe.mode == "corrected" or not records:
        return list(records)
    psnr, ssim = (
        np.array([record[name] for record in records]) for name in ("label_psnr_db", "label_ssim")
    )
    labels = _labels(psnr, ssim, recipe).tolist()
    return [
        {**record, "label": label, "raw": label}
        for record, label in zip(records, labels, strict=True)
    ]


def _labels(psnr: PairScores, ssim: PairScores, recipe: CccidData) -> PairScores:
    a1 = recipe.psnr_weight
    return shen_labels(psnr, ssim, a1=a1, a2=1 - a1, mode=recipe.mode, cap_db=recipe.psnr_cap_db)


def plan(root: Path, recipe: CccidData) -> list[NormalDoseTask]:
    """Plan every normal-dose slice of every patient.

    Raises:
        DataError: If the collection has problems; the message lists all of them.
    """
    cases = {folder.name: folder for folder in folders(root)}
    published = recipe.mode == "as-published"
    splitting = replace(recipe, validation_share=0.0) if published else recipe
    places, problems = try_split(cases, splitting)
    problems += dose_problems(recipe) + loose_files(root)
    slices: dict[str, list[SliceHeader]] = {}
    for name, folder in cases.items():
        stacks, found = find_slices(folder, root)
        slices[name] = [header for stack in stacks for header in stack]
        problems += found
        if not stacks:
            problems.append(f"{name}: must hold a series of CT slices, got none")
    list_problems(root, problems)
    return _tasks(recipe, slices, places)


def _tasks(
    recipe: CccidData,
    slices: Mapping[str, Sequence[SliceHeader]],
    places: Mapping[str, Place],
) -> list[NormalDoseTask]:
    doses = dose_order(recipe)
    listed = [(name, k, h) for name in sorted(slices) for k, h in enumerate(slices[name])]
    where = [places[name] for name, _, _ in listed]
    folds = published_folds_of(where, recipe, partial(_published_folds, seed=recipe.seed))
    tasks = []
    for (name, number, header), place, own in zip(listed, where, folds, strict=True):
        paths = tuple(f"{name}/{dose}Dose/{number:04d}.dcm" for dose in doses)
        title = f"{_file_safe(name)}-{number:04d}"
        tasks.append(NormalDoseTask(title, name, header, doses, paths, own, place, recipe))
    return tasks


def _published_folds(count: int, seed: int) -> list[int]:
    """Folds drawn image by image; the first corresponds to the draw of 20 % in the paper."""
    order = np.random.default_rng(seed).permutation(count)
    return [int(k) % _PUBLISHED_FOLDS for k in order]


def _file_safe(name: str) -> str:
    """A folder name made safe for file names, still unique.

    >>> _file_safe("volunteer-03"), len(_file_safe("Müller, H."))
    ('volunteer-03', 19)
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return plain if plain == name else f"{plain}-{mark}"
