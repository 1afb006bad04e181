"""What a training starts from: a recipe, the examples that it asks for, a folder, a device."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctiqa.data.manifest import Examples
from ctiqa.models.backbones.origins import origins
from ctiqa.recipe import BackbonesNetwork, Recipe, TrainRecipe
from ctiqa.train.setup.devices import Device

STUDENT, FINE_TUNE, INTERPOLATED = "student", "fine-tune", "interpolated"
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
        log: Called with lines of progress.
        resume: Whether a training that was stopped goes on; else it starts afresh.
        shared: Folder with what the student starts from, the teacher's members and the features
            of the first phase; that of the run where it is ``None``.
    """

    recipe: Recipe
    examples: Examples
    data: str
    out: Path
    device: Device = field(default_factory=Device)
    log: Callable[[str], None] = lambda _: None
    resume: bool = True
    shared: Path | None = None

    @property
    def shared_folder(self) -> Path:
        """Where the teacher's members and the features of the first phase are."""
        return self.shared or self.out

    @property
    def train(self) -> Examples:
        """Labelled examples that are trained on, in their folds: as published, the authors'."""
        examples = self.examples.where(split="train", purpose="example")
        published = self.recipe.data.mode == "as-published"
        return examples.with_published_folds() if published else examples

    @property
    def validation(self) -> Examples:
        """Examples of validation patients; they choose checkpoints."""
        return self.examples.where(split="validation", purpose="example")

    def log_origins(self) -> None:
        """Say where the weights come from that a network of published bodies starts with."""
        if isinstance(self.recipe.network, BackbonesNetwork):
            for line in origins(self.recipe.network):
                self.log(f"weights of the {line}")

    def divided(self, train: TrainRecipe, member: int | None = None) -> tuple[Examples, Examples]:
        """What a training learns from, and what is held out to choose its best checkpoint.

        Args:
            train: Says whether all hold out the same fold.
            member: Number of a teacher member; ``None`` for a student.
        """
        fold = 0 if train.hold_out == "first-fold" else member
        if fold is None:
            return self.train, self.validation
        return self.train.without_fold(fold), self.train.where(fold=fold)

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
