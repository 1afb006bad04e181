"""The student: one network that learns from the labels and from every teacher member."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctiqa.data.manifest import Examples
from ctiqa.models import Stride32
from ctiqa.recipe import Recipe, TrainRecipe
from ctiqa.train.batches import Batch, Batches
from ctiqa.train.loop import BEST, Loss, Training
from ctiqa.train.losses import gated_distillation, l1_l2, map_loss, twin_difference
from ctiqa.train.predict import validation
from ctiqa.train.teacher import load_average


def student_folder(out: Path) -> Path:
    """Where the student's checkpoints live."""
    return out / "student"


def polish_folder(out: Path) -> Path:
    """Where the checkpoints of the polished student live."""
    return out / "polish"


def train_student(  # noqa: PLR0917 - what a run is made of
    recipe: Recipe,
    examples: Examples,
    held_out: Examples,
    teachers: npt.NDArray[np.float32],
    out: Path,
    tell: Callable[[str], None],
) -> Path:
    """Train the student; output ``k`` follows teacher member ``k``, their mean the label.

    Args:
        recipe: The run.
        examples: Training examples.
        held_out: Examples of validation patients, which choose the best checkpoint.
        teachers: Members' scores of the training examples [examples, members].
        out: Run folder.
        tell: Called with lines of progress.

    Returns:
        The student's best checkpoint.
    """
    torch.manual_seed(recipe.student.seed)
    model, folder, facts = Stride32(recipe.network), student_folder(out), _before_polish(recipe)
    best = Training(model, recipe.student, folder, {"recipe": facts}, tell).run(
        Batches(examples, recipe.student),
        student_loss(recipe.student, teachers),
        validation(held_out),
    )
    if recipe.polish is None:
        return best
    tell("polishing")
    model = load_average(Stride32(recipe.network), best)
    facts = recipe.as_dict()
    return Training(model, recipe.polish, polish_folder(out), {"recipe": facts}, tell).run(
        Batches(examples, recipe.polish),
        student_loss(recipe.polish, teachers),
        validation(held_out),
    )


def student_loss(train: TrainRecipe, teachers: npt.NDArray[np.float32]) -> Loss:
    """Labels, teachers, local noise and, where it is asked for, likeness of twins.

    Args:
        train: Weights of the parts.
        teachers: Members' scores of the training examples [examples, members].
    """
    targets = torch.from_numpy(teachers)

    def loss(batch: Batch, scores: Tensor, noise: Tensor) -> Tensor:
        taught = gated_distillation(
            scores,
            targets[torch.from_numpy(batch.number)],
            batch.label,
            epsilon=train.distil_epsilon,
        )
        each = l1_l2(scores.mean(dim=1), batch.label) + train.distil_weight * taught
        each = each + train.map_weight * map_loss(noise, batch.noise)
        if train.consistency_weight:
            each = each + train.consistency_weight * twin_difference(scores)
        return each.mean()

    return loss


def _before_polish(recipe: Recipe) -> dict[str, Any]:
    """The recipe without the polish: changing that does not make a student stale."""
    return {k: v for k, v in recipe.as_dict().items() if k != "polish"}


def load_student(recipe: Recipe, out: Path) -> Stride32:
    """The averaged weights of the best checkpoint, of the polished student where there is one.

    Raises:
        DataError: If it has not been trained.
    """
    folder = student_folder(out) if recipe.polish is None else polish_folder(out)
    return load_average(Stride32(recipe.network), folder / BEST)
