"""What a training starts from: a recipe, the examples that it asks for, a folder, a device."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ctiqa.data.manifest import Examples, read_examples, read_header
from ctiqa.errors import DataError
from ctiqa.recipe import Recipe
from ctiqa.train.devices import Device

STUDENT, POLISH, BLEND = "student", "polish", "blend"
"""Folders of what becomes of the student in a run, each from the one before."""


@dataclass(frozen=True)
class Run:
    """One run of a recipe.

    Attributes:
        recipe: What is asked for.
        examples: All examples of the data set.
        data: Hash of the data set's content.
        out: Folder of the run.
        device: Where it runs.
        tell: Called with lines of progress.
        resume: Whether a training that was stopped goes on; else it starts afresh.
        shared: Folder with what the student starts from, the teacher's members and the features
            of the first phase; that of the run where it is ``None``.
    """

    recipe: Recipe
    examples: Examples
    data: str
    out: Path
    device: Device = field(default_factory=Device)
    tell: Callable[[str], None] = lambda _: None
    resume: bool = True
    shared: Path | None = None

    @property
    def shared_folder(self) -> Path:
        """Where the teacher's members and the features of the first phase are."""
        return self.shared or self.out

    @property
    def train(self) -> Examples:
        """Examples that are trained on."""
        return self.examples.where(split="train")

    @property
    def validation(self) -> Examples:
        """Examples of validation patients; they choose checkpoints."""
        return self.examples.where(split="validation", purpose="example")

    def folder(self, name: str) -> Path:
        """Folder of one training of the run, emptied where it is to start afresh."""
        folder = self.out / name
        if not self.resume and self.device.first and folder.exists():
            shutil.rmtree(folder)
        self.device.wait()
        return folder

    def facts(self, *left_out: str) -> dict[str, Any]:
        """What a checkpoint of the run says of where it comes from.

        Args:
            left_out: Tables of the recipe that did not shape it: changing them does not make it
                stale.
        """
        recipe = {k: v for k, v in self.recipe.as_dict().items() if k not in left_out}
        return {"recipe": recipe, "data": self.data}


def open_run(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    device: Device | None = None,
    tell: Callable[[str], None] = lambda _: None,
    resume: bool = True,
    natural: bool = False,
) -> Run:
    """Open a data set for a recipe.

    Args:
        recipe: What is asked for.
        data: Folder of the data set.
        out: Folder of the run.
        device: Where it runs; the CPU where none is given.
        tell: Called with lines of progress.
        resume: Whether a training that was stopped goes on.
        natural: Whether natural images are wanted, whatever made them, and not slices.

    Raises:
        DataError: If it was made by another data recipe (every key that differs is named), holds
            images of the other kind, or leaves a fold without a patient.
    """
    header = read_header(data)
    examples = read_examples(data)
    if examples.natural != natural:
        wanted, held = ("natural images", "CT") if natural else ("CT", "natural images")
        raise DataError(f"'{data}' must hold {wanted} for this command, it holds {held}")
    if not natural:
        _check_recipe(data, header["recipe"], asdict(recipe.data))
        _check_folds(recipe, examples)
    where = device or Device()
    said = tell if where.first else _nothing
    return Run(recipe, examples, header["content_sha256"], out, where, said, resume)


def _nothing(_: str) -> None:
    """Only the first of several processes tells."""


def _check_recipe(data: Path, made: dict[str, Any], wanted: dict[str, Any]) -> None:
    wanted = json.loads(json.dumps(wanted))
    keys = [key for key in {**made, **wanted} if made.get(key) != wanted.get(key)]
    if keys:
        lines = [f"data.{k} is {made.get(k)!r} there, {wanted.get(k)!r} here" for k in keys]
        raise DataError(
            f"'{data}' was made by another recipe; prepare it with this one:\n  "
            + "\n  ".join(lines)
        )


def _check_folds(recipe: Recipe, examples: Examples) -> None:
    train = examples.where(split="train")
    there = set(train.column("fold").tolist())
    if missing := sorted(set(range(recipe.members)) - there):
        patients = len(set(train.column("patient").tolist()))
        raise DataError(
            f"every one of the {recipe.members} teacher members needs a fold with patients; "
            f"{patients} training patients leave fold {', '.join(map(str, missing))} empty: "
            "lower 'members' and 'data.folds', or add patients"
        )
