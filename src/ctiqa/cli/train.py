"""``ctiqa train-teacher``, ``train-student`` and ``export``: from examples to a model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

RecipeFile = Annotated[Path, typer.Argument(help="Recipe (.toml).")]
DataFolder = Annotated[Path, typer.Option(help="Data set made by 'ctiqa prepare'.")]
RunFolder = Annotated[Path, typer.Option(help="Run folder; training there is continued.")]


def train_teacher(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    out: RunFolder,
    member: Annotated[
        int | None, typer.Option(help="Train this member alone, from 0; default all, in turn.")
    ] = None,
) -> None:
    """Train the teacher's members, each without one fold of patients."""
    from ctiqa.data.manifest import read_examples
    from ctiqa.errors import UsageError
    from ctiqa.recipe import read_recipe
    from ctiqa.train.teacher import train_member

    wanted = read_recipe(recipe)
    if member is not None and not 0 <= member < wanted.members:
        raise UsageError(f"'member' must be 0…{wanted.members - 1}, got {member}")
    examples = read_examples(data).where(split="train")
    for k in range(wanted.members) if member is None else (member,):
        best = train_member(wanted, examples, out, k, partial(_tell, k))
        typer.echo(f"teacher member {k}: {best}")


def _tell(member: int, line: str) -> None:
    typer.echo(f"[{member}] {line}")


def train_student(recipe: RecipeFile, *, data: DataFolder, out: RunFolder) -> None:
    """Train the student from labels and teacher; the teacher's weights are found in the run."""
    from ctiqa.data.manifest import read_examples
    from ctiqa.recipe import read_recipe
    from ctiqa.train.student import train_student as train
    from ctiqa.train.teacher import teacher_scores

    wanted = read_recipe(recipe)
    whole = read_examples(data)
    examples = whole.where(split="train")
    held_out = whole.where(split="validation", purpose="example")
    teachers = teacher_scores(wanted, examples, out, typer.echo)
    typer.echo(f"student: {train(wanted, examples, held_out, teachers, out, typer.echo)}")


def export(
    recipe: RecipeFile,
    *,
    data: DataFolder,
    run: Annotated[Path, typer.Option(help="Run folder with a trained student.")],
    out: Annotated[Path, typer.Option(help="Folder for the .onnx, its card and hashes.json.")],
    jobs: Annotated[int, typer.Option(help="Threads.")] = 2,
) -> None:
    """Export the student to ONNX, calibrate and measure it, and write its card."""
    from ctiqa.data.manifest import read_examples
    from ctiqa.evaluate.model_card import write_model
    from ctiqa.recipe import read_recipe
    from ctiqa.train.export import to_onnx
    from ctiqa.train.student import load_student

    wanted = read_recipe(recipe)
    network = to_onnx(load_student(wanted, run))
    card = write_model(wanted, network, read_examples(data), out, threads=jobs)
    overall = card["agreement"]["overall"]
    low, high = overall["interval"]
    typer.echo(f"{out / wanted.name}.onnx: overall {overall['value']:.3f} ({low:.3f}-{high:.3f})")
