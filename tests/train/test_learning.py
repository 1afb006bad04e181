"""That a student learns what it is told: one step by hand, sixty steps by their effect.

Neither hangs on how a processor rounds: a step is compared with the slope at its own outputs, and
sixty steps leave room for any.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tests.train.tiny import NETWORK, RECIPE, TRAIN, plain_noise, run_of
from torch import Tensor

from ctiqa.data.manifest import Examples
from ctiqa.models.build import build
from ctiqa.models.contract import Outputs
from ctiqa.recipe import TrainRecipe
from ctiqa.train import checkpoint, student
from ctiqa.train.batches import RAW_RANGE, Batch
from ctiqa.train.loop import LAST, Loss
from ctiqa.train.predict import predict
from ctiqa.train.setup.run import STUDENT
from ctiqa.train.student import load_student, train_student
from ctiqa.train.teacher import Teach, training_loss

Floats = npt.NDArray[np.float64]

STEP = replace(
    TRAIN,
    steps=1,
    validate_every=1,
    optimizer="sgd",
    learning_rate=0.1,
    momentum=0.0,
    weight_decay=0.0,
    warmup=0.0,
    clip=0.0,
    ema_decay=0.0,
    batch=8,
    augment=(),
    precision="float32",
    map_weight=0.0,
    distil_weight=0.75,
)
"""One plain step of gradient descent: what it does to a weight can be computed by hand."""

LEARN = replace(
    STEP, steps=60, validate_every=10, optimizer="adamw", learning_rate=1e-2, distil_weight=0.0
)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return plain_noise(tmp_path_factory.mktemp("noisy"))


def slope(error: Floats) -> Floats:
    """Derivative of |e| + e²."""
    return np.asarray(np.sign(error) + 2 * error)


@pytest.mark.parametrize("believed", [True, False])
def test_a_step_follows_labels_and_the_teachers_that_are_believed(
    noisy: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, believed: bool
) -> None:
    """Two teachers three grades apart pull the outputs apart, unless their mean is wrong."""
    raw = np.clip(noisy.where(split="train").column("raw").astype(float), *RAW_RANGE)
    teachers = np.stack([raw - 1.5, raw + 1.5], axis=1) + (0 if believed else 1)
    monkeypatch.setattr(student, "teacher_scores", lambda *_: teachers.astype(np.float32))
    seen: list[tuple[npt.NDArray[np.int64], Floats]] = []

    def watched(train: TrainRecipe, teacher: Teach) -> Loss:
        loss = training_loss(train, teacher)

        def spied(batch: Batch, outputs: Outputs) -> Tensor:
            seen.append((batch.number, outputs[0].detach().double().numpy()))
            return loss(batch, outputs)

        return spied

    monkeypatch.setattr(student, "training_loss", watched)
    recipe = replace(RECIPE, student=STEP)
    torch.manual_seed(STEP.seed)
    before = bias_of(build(NETWORK))
    train_student(run_of(recipe, noisy, tmp_path))
    moved = bias_of(load_student(recipe, tmp_path)) - before
    ((number, scores),) = seen
    on_label = slope(scores.mean(axis=1) - raw[number])[:, None] / 2
    on_teacher = slope(scores - teachers[number]) / 2
    gradient = (on_label + (STEP.distil_weight if believed else 0) * on_teacher).mean(axis=0)
    np.testing.assert_allclose(moved, -STEP.learning_rate * gradient, atol=1e-5)
    apart = moved[1] - moved[0]
    assert (apart > 0.1) if believed else (abs(apart) < 1e-5)


def bias_of(network: torch.nn.Module) -> Floats:
    """The number that every output starts from."""
    bias: Tensor = network.state_dict()["head.bias"]
    return np.asarray(bias.double().numpy())


def test_a_student_learns_quiet_from_loud(noisy: Examples, tmp_path: Path) -> None:
    recipe = replace(RECIPE, members=0, student=LEARN)
    train_student(run_of(recipe, noisy, tmp_path))
    losses = [
        h["loss"] for h in checkpoint.load_checkpoint(tmp_path / STUDENT / LAST)[1]["history"]
    ]
    assert losses[-1] < 0.8 * losses[0]
    seen = noisy.where(split="train")
    scores = predict(load_student(recipe, tmp_path), seen).mean(axis=1)
    assert np.corrcoef(scores, seen.column("label").astype(float))[0, 1] > 0.6
