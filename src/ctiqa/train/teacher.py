"""The teacher: members of one architecture, each trained without one fold of patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.models import Stride32
from ctiqa.recipe import Recipe
from ctiqa.train import checkpoint
from ctiqa.train.batches import Batch, Batches
from ctiqa.train.loop import BEST, Training
from ctiqa.train.losses import l1_l2, map_loss
from ctiqa.train.predict import predict, validation

PREDICTIONS = "teacher.npy"


def member_folder(out: Path, member: int) -> Path:
    """Where a member's checkpoints live."""
    return out / f"teacher-{member}"


def train_member(
    recipe: Recipe, examples: Examples, out: Path, member: int, tell: Callable[[str], None]
) -> Path:
    """Train one member on all folds but its own, which chooses its best checkpoint.

    Args:
        recipe: The run.
        examples: Training examples of all folds.
        out: Run folder.
        member: Number of the member, from 0; also the fold it leaves out.
        tell: Called with lines of progress.

    Returns:
        The member's best checkpoint.
    """
    train = replace(recipe.teacher, seed=recipe.teacher.seed + member)
    torch.manual_seed(train.seed)
    model = Stride32(replace(recipe.network, outputs=1))

    def loss(batch: Batch, scores: Tensor, noise: Tensor) -> Tensor:
        each = l1_l2(scores[:, 0], batch.label) + train.map_weight * map_loss(noise, batch.noise)
        return each.mean()

    training = Training(
        model,
        train,
        member_folder(out, member),
        {"recipe": _what_shapes_a_member(recipe), "member": member},
        tell,
    )
    held_out = examples.where(fold=member)
    return training.run(Batches(examples.without_fold(member), train), loss, validation(held_out))


def _what_shapes_a_member(recipe: Recipe) -> dict[str, Any]:
    """The recipe without student and polish: changing that does not make a teacher stale."""
    return {k: v for k, v in recipe.as_dict().items() if k not in {"student", "polish"}}


def load_member(recipe: Recipe, out: Path, member: int) -> Stride32:
    """The averaged weights of a member's best checkpoint.

    Raises:
        DataError: If the member has not been trained.
    """
    file = member_folder(out, member) / BEST
    if not file.exists():
        raise DataError(
            f"teacher member {member} is missing ('{file}'); make it with 'ctiqa train-teacher'"
        )
    return load_average(Stride32(replace(recipe.network, outputs=1)), file)


def load_average(model: Stride32, file: Path) -> Stride32:
    """Load the running average of a checkpoint into a network."""
    tensors, _ = checkpoint.load(file)
    averaged = {
        k.removeprefix("average.module."): v
        for k, v in tensors.items()
        if k.startswith("average.module.")
    }
    checkpoint.load_part({f"average.{k}": v for k, v in averaged.items()}, "average", model)
    return model.eval()


def teacher_scores(
    recipe: Recipe, examples: Examples, out: Path, tell: Callable[[str], None]
) -> npt.NDArray[np.float32]:
    """Every member's score of every example, kept beside the member until it is trained on.

    Returns:
        Scores, not clipped, [examples, members].

    Raises:
        DataError: If a member is missing.
    """
    columns = []
    for member in range(recipe.members):
        file = member_folder(out, member) / PREDICTIONS
        if not file.exists() or _older(file, member_folder(out, member) / BEST):
            tell(f"teacher member {member}: scoring {len(examples)} examples")
            scores = predict(load_member(recipe, out, member), examples)[:, 0]
            temporary = file.with_suffix(".tmp.npy")
            np.save(temporary, scores, allow_pickle=False)
            temporary.replace(file)
        columns.append(np.load(file, allow_pickle=False))
        if len(columns[-1]) != len(examples):
            raise DataError(
                f"'{file}' holds {len(columns[-1])} scores for {len(examples)} examples; "
                "it is of other data: remove it"
            )
    return np.stack(columns, axis=1)


def _older(file: Path, made_from: Path) -> bool:
    return made_from.exists() and file.stat().st_mtime_ns < made_from.stat().st_mtime_ns
