"""``ctiqa pretrain``, ``train-teacher`` and ``train-student``: from examples to networks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ctiqa.cli.console.say import say
from ctiqa.system.extras import DATA_SETS, DRAWINGS, NETWORKS, require_extra

if TYPE_CHECKING:
    from ctiqa.recipe import Recipe
    from ctiqa.train.setup.run import Run

RecipeFile = Annotated[Path, typer.Argument(help="Recipe (.toml).")]
DataFolder = Annotated[
    Path, typer.Option(help="Data set made by 'ctiqa prepare', from whatever source.")
]
RunFolder = Annotated[Path, typer.Option(help="Run folder; it may be moved afterwards.")]
Pretrained = Annotated[
    str | None,
    typer.Option(
        help="Weights of the bodies: 'hub', 'none', or a .safetensors file (two, joined as in "
        "PATH, where there are two bodies)."
    ),
]
ModeName = Literal["as-published", "corrected"]
ModeOf = Annotated[
    ModeName | None,
    typer.Option(help="As its authors have it, or corrected; default the recipe's mode."),
]
DeviceName = Literal["auto", "cpu", "cuda"]
DeviceOption = Annotated[DeviceName, typer.Option(help="Where it runs; 'auto' takes a GPU.")]
Resume = Annotated[
    bool, typer.Option("--resume/--no-resume", help="Go on where training was stopped.")
]


def pretrain(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    mode: ModeOf = None,
    pretrained: Pretrained = None,
    device: DeviceOption = "auto",
    resume: Resume = True,
) -> None:
    """Train the features of TFKT on natural images with opinion scores (its phase 1)."""
    _require()
    from ctiqa.train.pretrain import train_features as train

    wanted = recipe_of(recipe, mode, pretrained)
    with _run(wanted, data, out, device, resume=resume, natural=True) as run:
        run.log(f"features: {train(run)}")


def train_teacher(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    member: Annotated[
        int | None, typer.Option(help="Train this member alone, from 0; default all, in turn.")
    ] = None,
    mode: ModeOf = None,
    pretrained: Pretrained = None,
    device: DeviceOption = "auto",
    resume: Resume = True,
) -> None:
    """Train the teacher's members, each without one fold of patients."""
    _require()
    from ctiqa.errors import UsageError
    from ctiqa.train.teacher import train_member

    wanted = recipe_of(recipe, mode, pretrained)
    if not wanted.members:
        raise UsageError(f"recipe '{wanted.name}' must have 'members' > 0 to have a teacher")
    if member is not None and not 0 <= member < wanted.members:
        raise UsageError(f"'member' must be 0…{wanted.members - 1}, got {member}")
    with _run(wanted, data, out, device, resume=resume) as run:
        for k in range(wanted.members) if member is None else (member,):
            numbered = replace(run, log=partial(_log_member, run, k))
            run.log(f"teacher member {k}: {train_member(numbered, k)}")


def _log_member(run: Run, member: int, line: str) -> None:
    run.log(f"[{member}] {line}")


def train_student_command(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    mode: ModeOf = None,
    pretrained: Pretrained = None,
    device: DeviceOption = "auto",
    resume: Resume = True,
) -> None:
    """Train the student from labels and teacher; the teacher's weights are found in the run."""
    _require()
    from ctiqa.train.student import train_student as train

    wanted = recipe_of(recipe, mode, pretrained)
    with _run(wanted, data, out, device, resume=resume) as run:
        run.log(f"student: {train(run)}")


def _require() -> None:
    require_extra("training", *DATA_SETS, *NETWORKS, *DRAWINGS)


def recipe_of(file: Path, mode: ModeName | None, pretrained: str | None = None) -> Recipe:
    """The recipe of a file, in another mode and with other pretrained weights if asked for."""
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
    """The run of a recipe on its device, which is given back at the end."""
    from ctiqa.io.atomic import check_folder
    from ctiqa.train.setup.devices import device as devices
    from ctiqa.train.setup.open_run import open_run

    check_folder(out)
    with devices(device) as where:
        run = open_run(recipe, data, out, device=where, log=say, resume=resume, natural=natural)
        if not natural:
            _introduce(run, data)
        yield run


def _introduce(run: Run, folder: Path) -> None:
    """Say what is trained on: the data set's own recipe counts, not the [data] of the other."""
    from ctiqa.train.setup.fit import unseen

    made = run.recipe.data
    counts = f"{len(run.train)} training and {len(run.validation)} validation examples"
    run.log(f"data: '{folder}' ({made.source}, {made.mode}), {counts}")
    if hidden := unseen(run.recipe):
        run.log(f"note: {hidden}")
