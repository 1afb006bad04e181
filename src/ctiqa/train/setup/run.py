"""A run: recipe, examples, folder and device of all its trainings."""

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
"""Folders of the stages of the student, in order."""


@dataclass(frozen=True)
class Run:
    """One run of a recipe.

    Attributes:
        recipe: The recipe.
        examples: All examples of the data set.
        data: Hash of the data set's content.
        out: Folder of the run.
        device: Device to train on.
        log: Called with lines of progress.
        resume: Whether interrupted trainings are resumed; otherwise they start again.
        shared: Folder of the teacher members and the features of the first phase; ``None`` for
            the folder of the run.
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
        """Folder of the teacher members and the features of the first phase."""
        return self.shared or self.out

    @property
    def train(self) -> Examples:
        """Training examples with their folds; in mode ``as-published`` with the authors' folds."""
        examples = self.examples.where(split="train", purpose="example")
        published = self.recipe.data.mode == "as-published"
        return examples.with_published_folds() if published else examples

    @property
    def validation(self) -> Examples:
        """Examples of validation patients, which select checkpoints."""
        return self.examples.where(split="validation", purpose="example")

    def log_origins(self, count: int | None = None) -> None:
        """Log where the initial weights of the (first) backbones come from."""
        if isinstance(self.recipe.network, BackbonesNetwork):
            for line in origins(self.recipe.network)[:count]:
                self.log(f"weights of the {line}")

    def divided(self, train: TrainRecipe, member: int | None = None) -> tuple[Examples, Examples]:
        """Training examples, and held-out examples that select the best checkpoint.

        Args:
            train: ``hold_out`` says whether all members hold out the same fold.
            member: Number of a teacher member; ``None`` for a student.
        """
        fold = 0 if train.hold_out == "first-fold" else member
        if fold is None:
            return self.train, self.validation
        return self.train.without_fold(fold), self.train.where(fold=fold)

    def folder(self, name: str) -> Path:
        """Folder of one training of the run, emptied unless trainings are resumed."""
        folder = self.out / name
        if not self.resume and self.device.first and folder.exists():
            shutil.rmtree(folder)
        self.device.wait()
        return folder

    def facts(self, *left_out: str) -> dict[str, Any]:
        """Provenance written to the checkpoints of the run.

        Args:
            left_out: Tables of the recipe that do not affect the checkpoint: changing them does
                not make it stale.
        """
        recipe = {k: v for k, v in self.recipe.as_dict().items() if k not in left_out}
        return {"recipe": recipe, "data": self.data}
