"""TFKT's first phase: features are trained on opinion scores of natural images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ctiqa.errors import DataError, UsageError
from ctiqa.models.inputs import to_square
from ctiqa.models.tfkt import NaturalTfkt, take_features
from ctiqa.recipe import Recipe, TfktNetwork
from ctiqa.train.batches import Batch, Batches, batches_of
from ctiqa.train.checkpoint import load_average
from ctiqa.train.logs.run_log import RunLog
from ctiqa.train.loop import BEST, Training
from ctiqa.train.predict import validation
from ctiqa.train.setup.run import Run
from ctiqa.train.teacher import training_loss

PRETRAIN = "pretrain"


@dataclass(frozen=True)
class Squared:
    """Batches of photographs stretched to squares, so that they can be rotated.

    Attributes:
        batches: Batches of unchanged photographs.
        side: Side of the squares in pixels; 0 leaves photographs unchanged.
    """

    batches: Batches
    side: int

    @property
    def per_epoch(self) -> int:
        """Steps in which every photograph is seen about once."""
        return self.batches.per_epoch

    def batch(self, step: int) -> Batch:
        """The batch of a step, not yet augmented."""
        given = self.batches.batch(step)
        return replace(given, images=to_square(given.images, self.side))


def train_features(run: Run) -> Path:
    """Train the features of TFKT, with a linear head, on natural images.

    Args:
        run: Recipe, natural images with opinion scores, folder.

    Returns:
        The best checkpoint.

    Raises:
        UsageError: If the recipe has no pretraining.
    """
    recipe, train = run.recipe, run.recipe.pretrain
    if train is None or not isinstance(recipe.network, TfktNetwork):
        raise UsageError(f"recipe '{recipe.name}' must have a [pretrain] table, it has none")
    run.log_origins(1)
    torch.manual_seed(train.seed)
    training = Training(
        NaturalTfkt(recipe.network),
        train,
        run.folder(PRETRAIN),
        {**run.facts(), "recipe": shaping(recipe)},
        run.log,
        RunLog(run.out, "train_info_pretrain", "natural images"),
        run.device,
    )
    measure = validation(run.validation, train, run.device)
    batches = Squared(batches_of(run.train, train), recipe.network.natural_side)
    return training.run(batches, training_loss(train), measure)


def shaping(recipe: Recipe) -> dict[str, Any]:
    """The part of a recipe that determines the features."""
    values = recipe.as_dict()
    later = {"connector", "freeze_features", "transformer"}
    network = {key: value for key, value in values["network"].items() if key not in later}
    return {"network": network, "pretrain": values["pretrain"]}


def with_pretrained_features(model: nn.Module, recipe: Recipe, out: Path) -> nn.Module:
    """Load the features of the first phase into a network, if the recipe has one.

    Raises:
        DataError: If the first phase has not been trained.
    """
    if recipe.pretrain is None or not isinstance(recipe.network, TfktNetwork):
        return model
    file = out / PRETRAIN / BEST
    if not file.exists():
        raise DataError(f"'{file}' is missing; make it with 'ctiqa pretrain'")
    plain = replace(recipe.network, pretrained="none")
    take_features(model, load_average(NaturalTfkt(plain), file))
    return model
