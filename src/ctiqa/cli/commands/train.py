"""``ctiqa pretrain``, ``train-teacher`` and ``train-student``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctiqa.cli.commands.options import (
    DataFolder,
    DeviceName,
    DeviceOption,
    ModeName,
    ModeOption,
    Pretrained,
    RecipeFile,
    Resume,
    RunFolder,
)
from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, NETWORKS, require_extra

if TYPE_CHECKING:
    from ctiqa.recipe import Recipe
    from ctiqa.train.setup.run import Run


def pretrain(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    mode: ModeOption = None,
    pretrained: Pretrained = None,
    device: DeviceOption = "auto",
    resume: Resume = True,
) -> None:
    """Pretrain the features of TFKT on natural images with opinion scores (its phase 1)."""
    _require()
    from ctiqa.train.pretrain import train_features as train

    wanted = recipe_of(recipe, mode, pretrained)
    with _run(wanted, data, out, device, resume=resume, natural=True) as run:
        run.log(f"features: {train(run)}")


def train_teacher_command(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    member: Annotated[
        int | None,
        typer.Option(help="Number of one member to train, from 0; default: all in turn."),
    ] = None,
    mode: ModeOption = None,
    pretrained: Pretrained = None,
    device: DeviceOption = "auto",
    resume: Resume = True,
) -> None:
    """Train the teacher members, each without one fold of patients."""
    _require()
    from ctiqa.errors import UsageError
    from ctiqa.train.teacher import train_teacher

    wanted = recipe_of(recipe, mode, pretrained)
    if not wanted.members:
        raise UsageError(f"recipe '{wanted.name}' must have 'members' > 0 to have a teacher")
    if member is not None and not 0 <= member < wanted.members:
        raise UsageError(f"'member' must be 0…{wanted.members - 1}, got {member}")
    with _run(wanted, data, out, device, resume=resume) as run:
        train_teacher(run, None if member is None else (member,))


def train_student_command(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    mode: ModeOption = None,
    pretrained: Pretrained = None,
    device: DeviceOption = "auto",
    resume: Resume = True,
) -> None:
    """Train the student on labels and teacher scores; the teacher is read from the run folder."""
    _require()
    from ctiqa.train.student import train_student as train

    wanted = recipe_of(recipe, mode, pretrained)
    with _run(wanted, data, out, device, resume=resume) as run:
        run.log(f"student: {train(run)}")


def _require() -> None:
    require_extra("training", *DATA_SETS, *NETWORKS, *DRAWINGS)


def recipe_of(file: Path, mode: ModeName | None, pretrained: str | None = None) -> Recipe:
    """The recipe of a file, in another mode and with other pretrained weights if given."""
    from ctiqa.recipe import read_recipe

    recipe = read_recipe(file, mode)
    if pretrained is None:
        return recipe
    return replace(recipe, network=replace(recipe.network, pretrained=pretrained))


@contextmanager
def _run(
    recipe: Recipe,
    data: Path,
    out: Path,
    device: DeviceName,
    *,
    resume: bool,
    natural: bool = False,
) -> Iterator[Run]:
    """Open the run of a recipe on a device, which is released at the end."""
    from ctiqa.io.atomic import check_folder
    from ctiqa.train.setup.devices import device as devices
    from ctiqa.train.setup.open_run import open_run

    check_folder(out)
    with devices(device) as where:
        run = open_run(recipe, data, out, device=where, log=say, resume=resume, natural=natural)
        if not natural:
            _log_data(run, data)
        yield run


def _log_data(run: Run, folder: Path) -> None:
    """Log the training data, which the recipe stored in the data set describes, not ``[data]``."""
    from ctiqa.train.setup.fit import unseen

    made = run.recipe.data
    counts = f"{len(run.train)} training and {len(run.validation)} validation examples"
    run.log(f"data: '{folder}' ({made.source}, {made.mode}), {counts}")
    if hidden := unseen(run.recipe):
        run.log(f"note: {hidden}")
