"""The teacher: members with the same architecture, each trained without one fold of patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.io.atomic import replace_file
from ctiqa.models.build import build
from ctiqa.models.contract import Outputs
from ctiqa.recipe import Recipe, TrainRecipe
from ctiqa.train import checkpoint
from ctiqa.train.answer_losses import further_loss
from ctiqa.train.batches import Batch, batches_of
from ctiqa.train.logs.run_log import RunLog
from ctiqa.train.loop import BEST, Loss, Training
from ctiqa.train.losses import student_loss, twin_difference
from ctiqa.train.predict import predict, validation
from ctiqa.train.setup.run import Run

PREDICTIONS = "teacher.npy"

Teach = Callable[[Batch], Tensor | None]
"""Scores of a batch by the teacher members [n, members]; ``None`` without a teacher."""


def member_name(member: int) -> str:
    """Folder of a member in its run."""
    return f"teacher-{member}"


def train_teacher(run: Run, members: Sequence[int] | None = None) -> None:
    """Train members of the teacher in turn; a stopped training is resumed.

    Args:
        run: Recipe, examples of all folds, folder.
        members: Numbers of the members, from 0; all if not given.
    """
    for member in range(run.recipe.members) if members is None else members:
        numbered = replace(run, log=partial(_log_member, run, member))
        run.log(f"teacher member {member}: {train_member(numbered, member)}")


def _log_member(run: Run, member: int, line: str) -> None:
    run.log(f"[{member}] {line}")


def train_member(run: Run, member: int) -> Path:
    """Train one member on all folds but one, which selects its best checkpoint.

    Args:
        run: Recipe, examples of all folds, folder.
        member: Number of the member, from 0; also the fold it leaves out, unless the recipe
            holds out the same fold for all.

    Returns:
        The member's best checkpoint.
    """
    recipe, folder = run.recipe, run.folder(member_name(member))
    train = replace(recipe.teacher, seed=recipe.teacher.seed + member)
    run.log_origins()
    torch.manual_seed(train.seed)
    learnt, held_out = run.divided(train, member)
    training = Training(
        build(replace(recipe.network, outputs=1)),
        train,
        folder,
        {**run.facts("student", "fine_tune"), "member": member},
        run.log,
        RunLog(run.out, f"train_info_fold_{member + 1}", f"teacher member {member}"),
        run.device,
    )
    return training.run(
        batches_of(learnt, train),
        training_loss(train),
        validation(held_out, train, run.device),
    )


def training_loss(train: TrainRecipe, teacher: Teach = lambda _: None) -> Loss:
    """Loss on labels, teacher scores, other outputs and, if weighted, consistency of twins.

    Args:
        train: Weights of the terms.
        teacher: Scores of a batch by the members; without one there is no distillation.
    """

    def loss(batch: Batch, outputs: Outputs) -> Tensor:
        each = student_loss(outputs.scores, batch.label, teacher(batch), train)
        each = each + further_loss(batch, outputs, train)
        if train.consistency_weight:
            each = each + train.consistency_weight * twin_difference(outputs.scores)
        return each.mean()

    return loss


def load_member(recipe: Recipe, out: Path, member: int) -> nn.Module:
    """Load the EMA weights of a member's best checkpoint.

    Raises:
        DataError: If the member has not been trained.
    """
    file = out / member_name(member) / BEST
    if not file.exists():
        raise DataError(
            f"teacher member {member} is missing ('{file}'); make it with "
            f"'ctiqa train-teacher … --member {member}'"
        )
    return checkpoint.load_network(recipe.network, file, outputs=1)


def teacher_scores(run: Run, examples: Examples) -> npt.NDArray[np.float32]:
    """Scores of every example by every member; stored until the member is trained further.

    Returns:
        Scores, not clipped [examples, members].

    Raises:
        DataError: If a member is missing.
    """
    columns = [_member_scores(run, examples, member) for member in range(run.recipe.members)]
    return np.stack(columns, axis=1)


def _member_scores(run: Run, examples: Examples, member: int) -> npt.NDArray[np.float32]:
    file = run.shared_folder / member_name(member) / PREDICTIONS
    if not file.exists() or _older(file, file.with_name(BEST)):
        run.log(f"teacher member {member}: scoring {len(examples)} examples")
        network = load_member(run.recipe, run.shared_folder, member)
        precision = run.recipe.teacher.precision
        scores = predict(network, examples, device=run.device, precision=precision)[:, 0]
        with replace_file(file) as stream:
            np.save(stream, scores, allow_pickle=False)
    column = np.load(file, allow_pickle=False)
    if len(column) != len(examples):
        raise DataError(
            f"'{file}' holds {len(column)} scores for {len(examples)} examples; "
            "it belongs to other data: remove it"
        )
    return np.asarray(column)


def _older(file: Path, made_from: Path) -> bool:
    return made_from.exists() and file.stat().st_mtime_ns < made_from.stat().st_mtime_ns
