"""The student: one network trained on the labels and on the scores of every teacher member."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.models.build import build
from ctiqa.models.stride32 import Stride32, take_weights
from ctiqa.recipe import FineTuneRecipe, NetworkRecipe, Recipe, TrainRecipe
from ctiqa.train import checkpoint
from ctiqa.train.batches import Batch, Batches, batches_of
from ctiqa.train.interpolate import interpolate
from ctiqa.train.load import load_trained
from ctiqa.train.logs.run_log import STUDENT_COLUMNS, RunLog
from ctiqa.train.loop import BEST, Loss, Training
from ctiqa.train.predict import validation
from ctiqa.train.pretrain import with_pretrained_features
from ctiqa.train.scored.copies import WithCopies
from ctiqa.train.scored.loss import loss_on_scores
from ctiqa.train.scored.scores import patients_line
from ctiqa.train.scored.start import start_network
from ctiqa.train.setup.run import FINE_TUNE, INTERPOLATED, STUDENT, Run
from ctiqa.train.teacher import Teach, load_member, teacher_scores, training_loss


def train_student(run: Run) -> Path:
    """Train the student: output ``k`` follows teacher member ``k``, the mean follows the label.

    Args:
        run: Recipe, examples, folder with the teacher members.

    Returns:
        The best checkpoint of the student, fine-tuned and interpolated if the recipe says so.

    Raises:
        DataError: If a teacher member, or the run to start from, is missing; the message says how
            to make it.
        UsageError: If the model to start from is missing or unsuitable.
    """
    recipe, further = run.recipe, run.recipe.fine_tune
    if further and further.from_run:
        model = _student_of(run.out.parent / further.from_run, recipe.network)
        return _fine_tune(run, further, model)
    if further and further.from_model:
        run.log(patients_line(run.train, run.validation))
        return _fine_tune(run, further, start_network(recipe))
    folder = run.folder(STUDENT)
    run.log_origins()
    torch.manual_seed(recipe.student.seed)
    model = with_pretrained_features(build(recipe.network), recipe, run.shared_folder)
    best = _train(run, model, recipe.student, folder, run.facts("fine_tune"))
    if further is None:
        return best
    return _fine_tune(run, further, checkpoint.load_network(recipe.network, best))


def _fine_tune(run: Run, train: FineTuneRecipe, model: nn.Module) -> Path:
    """Train a student further, and interpolate its weights if the recipe says so."""
    run.log("fine-tuning")
    start = {name: value.clone() for name, value in model.state_dict().items()}
    facts = run.facts()
    # Another interpolation needs no new training; older checkpoints lack an empty 'from_run'.
    del facts["recipe"]["fine_tune"]["interpolation"]
    if train.start:
        facts["start"] = checkpoint.weights_digest(start)
    if not train.from_run:
        del facts["recipe"]["fine_tune"]["from_run"]
    best = _train(run, model, train, run.folder(FINE_TUNE), facts)
    return interpolate(run, train, start, best) if train.interpolation else best


def _student_of(run: Path, recipe: NetworkRecipe) -> nn.Module:
    """The network of a recipe with the weights of another run's student."""
    model, trained = build(recipe), load_trained(run).network
    if not isinstance(model, Stride32) or not isinstance(trained, Stride32):
        raise DataError(f"'{run}' must hold a stride32 network to start from")
    take_weights(model, trained)
    return model


def _train(
    run: Run, model: nn.Module, train: TrainRecipe, folder: Path, facts: dict[str, Any]
) -> Path:
    learnt, held_out = run.divided(train)
    teacher = teach(run, train, learnt)
    metrics_log = RunLog(
        run.out,
        f"train_info_{folder.name}",
        folder.name,
        columns=STUDENT_COLUMNS,
        always=_teacher_metrics(run, train, learnt),
    )
    batches, loss = batches_of(learnt, train), training_loss(train, teacher)
    if isinstance(train, FineTuneRecipe) and train.from_model:
        batches, loss = _on_scores(run, model, train, batches)
    training = Training(model, train, folder, facts, run.log, metrics_log, run.device)
    return training.run(batches, loss, validation(held_out, train, run.device))


def _on_scores(
    run: Run, model: nn.Module, train: FineTuneRecipe, scored: Batches
) -> tuple[Batches, Loss]:
    """Batches and loss of a fine-tuning of an installed model on readers' scores."""
    installed = copy.deepcopy(model).eval().requires_grad_(False)
    loss = loss_on_scores(train, run.device.prepared(installed), run.device)
    return WithCopies(scored, train.seed), loss


def _teacher_metrics(run: Run, train: TrainRecipe, examples: Examples) -> dict[str, float]:
    """Agreement of the stored teacher scores with the labels it was trained on."""
    if not run.recipe.members or train.teachers != "stored":
        return {}
    score = teacher_scores(run, examples).mean(axis=1, dtype=np.float64)
    label = examples.column("label").astype(np.float64)
    return {"teacher_overall": agreement(score, label).overall}


def teach(run: Run, train: TrainRecipe, examples: Examples) -> Teach:
    """Teacher scores: stored once and looked up, or computed for every augmented batch.

    Args:
        run: The run with the members.
        train: ``teachers`` says which.
        examples: Examples that batches are drawn from.

    Raises:
        DataError: If a member is missing.
    """
    if not run.recipe.members:
        return lambda _: None
    if train.teachers == "stored":
        stored = torch.from_numpy(teacher_scores(run, examples))
        return lambda batch: stored[torch.from_numpy(batch.number)].to(batch.label.device)
    members = [
        load_member(run.recipe, run.shared_folder, k).to(run.device.torch)
        for k in range(run.recipe.members)
    ]

    def every_step(batch: Batch) -> Tensor:
        with torch.inference_mode(), run.device.autocast(train.precision):
            scores = [member(batch.images)[0][:, 0].float() for member in members]
        return torch.stack(scores, dim=1).clone()

    return every_step


def load_student(recipe: Recipe, out: Path) -> nn.Module:
    """Load the EMA weights of the best checkpoint, fine-tuned or interpolated as the recipe says.

    Raises:
        DataError: If it has not been trained.
    """
    tuned = recipe.fine_tune
    last = STUDENT if tuned is None else INTERPOLATED if tuned.interpolation else FINE_TUNE
    return checkpoint.load_network(recipe.network, out / last / BEST)
