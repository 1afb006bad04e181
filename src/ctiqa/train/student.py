"""The student: one network that learns from the labels and from every teacher member."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctiqa.data.manifest import Examples
from ctiqa.models import Stride32
from ctiqa.recipe import Recipe
from ctiqa.train.batches import Batch, Batches
from ctiqa.train.loop import BEST, Training
from ctiqa.train.losses import gated_distillation, l1_l2, map_loss
from ctiqa.train.predict import validation
from ctiqa.train.teacher import load_average


def student_folder(out: Path) -> Path:
    """Where the student's checkpoints live."""
    return out / "student"


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
    train = recipe.student
    torch.manual_seed(train.seed)
    targets = torch.from_numpy(teachers)

    def loss(batch: Batch, scores: Tensor, noise: Tensor) -> Tensor:
        taught = gated_distillation(
            scores,
            targets[torch.from_numpy(batch.number)],
            batch.label,
            epsilon=train.distil_epsilon,
        )
        each = l1_l2(scores.mean(dim=1), batch.label) + train.distil_weight * taught
        return (each + train.map_weight * map_loss(noise, batch.noise)).mean()

    training = Training(
        Stride32(recipe.network), train, student_folder(out), {"recipe": recipe.as_dict()}, tell
    )
    return training.run(Batches(examples, train), loss, validation(held_out))


def load_student(recipe: Recipe, out: Path) -> Stride32:
    """The averaged weights of the student's best checkpoint.

    Raises:
        DataError: If it has not been trained.
    """
    return load_average(Stride32(recipe.network), student_folder(out) / BEST)
