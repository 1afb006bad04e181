"""Trains one variant as the commands do, and opens its student and teacher as predictors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctiqa.evaluate.ablation.variants import Variant
from ctiqa.evaluate.predictors.networks import run_predictor, teacher_predictor
from ctiqa.evaluate.predictors.predictor import Predictor
from ctiqa.recipe import Recipe

if TYPE_CHECKING:
    from ctiqa.train.setup.devices import Device
    from ctiqa.train.setup.run import Run


@dataclass(frozen=True, eq=False)
class StudySetup:
    """What all variants of a study have in common.

    Attributes:
        data: Data set to train and measure on.
        out: Folder of the study.
        natural: Natural images with scores, for recipes with a first phase.
        published_data: Data set prepared as published, for the variants that ask for it.
        device: Where trainings run; the CPU if not given.
        log: Called with lines of progress.
    """

    data: Path
    out: Path
    natural: Path | None = None
    published_data: Path | None = None
    device: Device | None = None
    log: Callable[[str], None] = lambda _: None

    def data_of(self, variant: Variant) -> Path:
        """Data set that a variant is trained on."""
        return (variant.published_data and self.published_data) or self.data


def check_variant(setup: StudySetup, variant: Variant, recipe: Recipe) -> None:
    """Check that a variant can be trained to the end, without training it.

    Raises:
        DataError: If it cannot.
    """
    folder = setup.out / variant.folder
    open_variant(setup, variant, recipe, folder)
    _open_natural(setup, recipe, folder)


def train_variant(
    setup: StudySetup, variant: Variant, recipe: Recipe, folder: Path
) -> tuple[Predictor, Predictor | None]:
    """Train what is not yet trained of a variant.

    Args:
        setup: The study.
        variant: The variant.
        recipe: Its recipe, with the seeds of this training.
        folder: Folder of its run; what variants share is trained in its own folder.

    Returns:
        The student and the teacher; ``None`` without a teacher.
    """
    from ctiqa.train.pretrain import train_features  # noqa: PLC0415 - torch
    from ctiqa.train.student import train_student  # noqa: PLC0415
    from ctiqa.train.teacher import train_teacher  # noqa: PLC0415

    run = open_variant(setup, variant, recipe, folder)
    if natural := _open_natural(setup, run.recipe, run.shared_folder):
        train_features(natural)
    train_teacher(replace(run, out=run.shared_folder))
    student = run_predictor(train_student(run), variant.name, run.device)
    if not run.recipe.members:
        return student, None
    name = f"{variant.name}, teacher"
    return student, teacher_predictor(run.shared_folder, name, run.device)


def open_variant(setup: StudySetup, variant: Variant, recipe: Recipe, folder: Path) -> Run:
    """Open the run of a variant on its data.

    Raises:
        DataError: If the data do not fit the recipe.
    """
    from ctiqa.train.setup.open_run import open_run  # noqa: PLC0415 - torch

    data, shared = setup.data_of(variant), setup.out / shared_name(recipe)
    run = open_run(recipe, data, folder, device=setup.device, log=setup.log)
    return replace(run, shared=shared)


def _open_natural(setup: StudySetup, recipe: Recipe, folder: Path) -> Run | None:
    """The run of a recipe's first phase; ``None`` if it has none."""
    from ctiqa.train.setup.open_run import open_run  # noqa: PLC0415 - torch

    if recipe.pretrain is None or setup.natural is None:
        return None
    return open_run(recipe, setup.natural, folder, device=setup.device, log=setup.log, natural=True)


def shared_name(recipe: Recipe) -> str:
    """Folder of what variants share: the features of a first phase, or a teacher.

    A teacher depends on all of the recipe but its student; features on what shapes them.
    """
    if recipe.pretrain and not recipe.members:
        from ctiqa.train.pretrain import shaping  # noqa: PLC0415 - torch

        return f"features-{_digest(shaping(recipe))}"
    student = {"student", "fine_tune"}
    return f"teacher-{_digest({k: v for k, v in recipe.as_dict().items() if k not in student})}"


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]
