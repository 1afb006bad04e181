"""Load trained networks by path: a run, one of its trainings, or a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from ctiqa.errors import DataError
from ctiqa.recipe import Recipe, recipe_from
from ctiqa.recipe.training import Precision
from ctiqa.train import checkpoint
from ctiqa.train.loop import BEST
from ctiqa.train.setup.run import FINE_TUNE, INTERPOLATED, STUDENT
from ctiqa.train.teacher import load_member, member_name


@dataclass(frozen=True)
class Trained:
    """A trained network and the recipe that made it.

    Attributes:
        network: HU in, score vector out, in evaluation mode.
        recipe: Its recipe.
        data: Hash of the training data set; ``None`` if unknown.
        file: Its checkpoint.
        precision: Autocast precision of training, validation and scoring.
    """

    network: nn.Module
    recipe: Recipe
    data: str | None
    file: Path
    precision: Precision = "auto"


def load_trained(path: Path) -> Trained:
    """Load the student of a run (interpolated or fine-tuned if it was), or a checkpoint.

    Args:
        path: Folder of a run, folder of one of its trainings, or a ``.safetensors`` checkpoint.

    Raises:
        DataError: If there is no trained network.
    """
    file = _checkpoint(path)
    _, facts = checkpoint.load_checkpoint(file)
    if not {"recipe", "data"} <= facts.keys():
        raise DataError(f"'{file}' does not say which recipe made it; train it again")
    recipe = recipe_from({"name": file.parent.name, **facts["recipe"]}, str(file))
    member = "member" in facts
    outputs = 1 if member else recipe.network.outputs
    network = checkpoint.load_network(recipe.network, file, outputs=outputs)
    precision = (recipe.teacher if member else recipe.fine_tune or recipe.student).precision
    return Trained(network, recipe, facts["data"], file, precision)


def load_teacher(path: Path) -> tuple[Trained, ...]:
    """Load all teacher members of a run.

    Raises:
        DataError: If one is missing; the message names it and the command that trains it.
    """
    first = load_trained(path / member_name(0))
    rest = [
        replace(
            first,
            network=load_member(first.recipe, path, k),
            file=path / member_name(k) / BEST,
        )
        for k in range(1, first.recipe.members)
    ]
    return (first, *rest)


def _checkpoint(path: Path) -> Path:
    if path.is_file():
        return path
    for file in (*(path / last / BEST for last in (INTERPOLATED, FINE_TUNE, STUDENT)), path / BEST):
        if file.exists():
            return file
    raise DataError(
        f"'{path}' must be a run with a trained student, or a checkpoint; "
        "make one with 'ctiqa train-student'"
    )
