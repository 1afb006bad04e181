"""Degraded slices with artefacts and denoising besides dose, views and kernels."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ctiqa.data.simulation import labels
from ctiqa.data.simulation.degrade import Degradation, apply
from ctiqa.data.simulation.draw import draw_all
from ctiqa.data.simulation.scene import Scene
from ctiqa.data.sources import simulate
from ctiqa.data.sources.simulate import SimulateTask, counted_pixels, label_record
from ctiqa.recipe import SimulateAllData
from ctiqa.types import HuImage

Kind = TypeVar("Kind", bound=SimulateTask)


@dataclass(frozen=True, slots=True)
class SimulateAllTask(SimulateTask):
    """One slice to degrade in every way."""

    recipe: SimulateAllData

    @property
    def artefact_kinds(self) -> int:
        """See :attr:`SimulateTask.artefact_kinds`."""
        return self.recipe.artefact_kinds

    def draw(self, scene: Scene, rng: np.random.Generator) -> Degradation:
        """See :meth:`SimulateTask.draw`."""
        return draw_all(scene, rng, self.recipe.artefact_share)

    def example(
        self, scene: Scene, degradation: Degradation, ladder: labels.Ladder
    ) -> tuple[HuImage, dict[str, Any]]:
        """See :meth:`SimulateTask.example`; a blurred slice never scores above its sharp one."""
        image, label = SimulateTask.example(self, scene, degradation, ladder)
        if not degradation.blur_mm:
            return image, label
        sharp = replace(degradation, blur_mm=0.0)
        found = labels.losses(apply(scene, sharp), scene.hu, counted_pixels(scene, sharp))
        of_sharp = label_record(ladder.total_noise(found), found)
        return image, min(label, of_sharp, key=lambda each: each["raw"])


def plan(root: Path, recipe: SimulateAllData) -> list[SimulateAllTask]:
    """Tasks of a recipe, see :func:`ctiqa.data.sources.simulate.plan`.

    Raises:
        DataError: If the collection or the split breaks a rule.
    """
    return [as_kind(task, SimulateAllTask) for task in simulate.plan(root, recipe)]


def as_kind(task: SimulateTask, kind: type[Kind]) -> Kind:
    """A task as one of a richer source."""
    return kind(**{field.name: getattr(task, field.name) for field in fields(task)})
