"""Degraded patients, limbs and phantoms, with filters, findings and regions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.data.manifest import FILTERED, SHOWS, finding_column
from ctiqa.data.simulation import labels
from ctiqa.data.simulation.degrade import Degradation, acquire, finish
from ctiqa.data.simulation.draw import CLEAN_HU, dose_of_noise, draw_clinical
from ctiqa.data.simulation.filters import FILTERS
from ctiqa.data.simulation.findings import findings_of
from ctiqa.data.simulation.resize import draw_factor, resize
from ctiqa.data.simulation.scene import Scene
from ctiqa.data.sources import simulate
from ctiqa.data.sources.clean_series import Series
from ctiqa.data.sources.drawn_series import drawn_series
from ctiqa.data.sources.limbs import LIMBS, without_trunk
from ctiqa.data.sources.simulate import NATIVE, SimulateTask, counted_pixels, label_record
from ctiqa.data.sources.slice_regions import limb_series, regions_of
from ctiqa.data.splits import Place
from ctiqa.data.task import task_rng
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.noise_scale import noise_of_score
from ctiqa.recipe import SimulateClinicalData
from ctiqa.types import HuImage

NOISY_HU = 40.0
"""Noise in HU of about half of the slices that filters are tested on: visible, not useless."""

FILTERED_SLICES = 2
"""Slices per held-out series that all filters are tested on."""


@dataclass(frozen=True, slots=True)
class SimulateClinicalTask(SimulateTask):
    """One slice to degrade in every way.

    Attributes:
        number: Number of the scene of this slice; from 1 on, the slice is resized.
    """

    recipe: SimulateClinicalData
    number: int = 0

    @property
    def name(self) -> str:
        """See :attr:`SimulateTask.name`."""
        # Not super(): a dataclass with slots is created twice, and super() refers to the first.
        name = super(SimulateClinicalTask, self).name
        return f"{name}-{self.number}" if self.number else name

    @property
    def artefact_kinds(self) -> int:
        """See :attr:`SimulateTask.artefact_kinds`."""
        return self.recipe.artefact_kinds

    def count(self) -> int:
        """See :meth:`SimulateTask.count`."""
        filtered = 1 + sum(len(each.strengths) for each in FILTERS.values())
        return SimulateTask.count(self) + filtered * self._tries_filters

    def prepared(
        self, hu: HuImage, spacing_mm: tuple[float, float]
    ) -> tuple[HuImage, tuple[float, float]]:
        """See :meth:`SimulateTask.prepared`; its limbs alone where that is asked for, resized."""
        used = without_trunk(hu) if self.variant == LIMBS else hu
        if not self.number:
            return used, spacing_mm
        factor = draw_factor(used, task_rng(self.recipe.seed, f"{self.name}/size"))
        rows, cols = spacing_mm
        return resize(used, factor), (rows / factor, cols / factor)

    def ladder(self, scene: Scene, rng: np.random.Generator) -> labels.Ladder:
        """See :meth:`SimulateTask.ladder`; beyond the useless, as labels are open at both ends."""
        return labels.make_ladder(scene, rng, labels.WIDE_LADDER_HU)

    def draw(self, scene: Scene, rng: np.random.Generator) -> Degradation:
        """See :meth:`SimulateTask.draw`."""
        return draw_clinical(scene, rng, self.recipe.artefact_share)

    def example(
        self, scene: Scene, degradation: Degradation, ladder: labels.Ladder
    ) -> tuple[HuImage, dict[str, Any]]:
        """See :meth:`SimulateTask.example`; besides, what is wrong with it, kind by kind."""
        acquired = acquire(scene, degradation)
        image = finish(acquired, scene, degradation)
        mask = counted_pixels(scene, degradation)
        found = labels.losses(image, scene.hu, mask)
        if degradation.smooths(scene):
            before = labels.losses(acquired, scene.hu, mask)
            total = noise_of_score(ladder.smoothed_score(before, found))
        else:
            total = ladder.total_noise(found)
        findings = findings_of(scene, degradation, acquired, image)
        return image, {
            **label_record(total, found),
            "rmse_hu": rmse(image, scene.hu, mask),
            **{
                finding_column(name): None if math.isnan(value) else value
                for name, value in findings.items()
            },
        }

    def facts_of_slice(self, scene: Scene) -> dict[str, Any]:
        """See :meth:`SimulateTask.facts_of_slice`; the region is that of the slice."""
        shows = "/".join(self.shows)
        facts = SimulateTask.facts_of_slice(self, scene)
        return {**facts, "region": shows or facts["region"], SHOWS: shows}

    @property
    def shows(self) -> tuple[str, ...]:
        """Regions that are correct for the slice; none if it is not annotated."""
        if self.variant == LIMBS:
            return ("limb",)
        return self.series.shows or regions_of(self.series.name, self.index)

    @property
    def _tries_filters(self) -> bool:
        held_out = self.place.split != "train" and self.variant == NATIVE
        return held_out and self.index in self.series.chosen(FILTERED_SLICES)

    def drawn(self, scene: Scene, rng: np.random.Generator) -> Iterator[tuple[str, Degradation]]:
        """See :meth:`SimulateTask.drawn`; of some held-out slices every filter, at all strengths.

        The first of them is the slice that they are applied to.
        """
        yield from SimulateTask.drawn(self, scene, rng)
        if not (self._tries_filters and scene.own_noise_hu < CLEAN_HU):
            return
        dose = dose_of_noise(scene, NOISY_HU) if self.index % 2 or rng.random() < 0.5 else 1.0
        plain = Degradation(dose=dose, seed=int(rng.integers(2**31)))
        yield FILTERED, plain
        for name, family in FILTERS.items():
            for strength in family.strengths:
                yield FILTERED, replace(plain, filter=name, filter_strength=strength)


def plan(root: Path, recipe: SimulateClinicalData) -> list[SimulateTask]:
    """Every slice of a collection, the limbs in it, and the phantoms and limbs that are drawn.

    Slices of training patients come in several scenes.

    Raises:
        DataError: If the collection or the split breaks a rule.
    """
    found = [_clinical(task) for task in simulate.plan(root, recipe)]
    limbs = [replace(task, variant=LIMBS) for task in found if _has_limbs(task)]
    drawn = [
        SimulateClinicalTask(series, 0, NATIVE, place, recipe)
        for series, place in _drawn_places(recipe)
    ]
    return [*found, *limbs, *_again(found, recipe), *drawn]


def _again(
    tasks: Sequence[SimulateClinicalTask], recipe: SimulateClinicalData
) -> list[SimulateClinicalTask]:
    """The further scenes of the slices that are trained on."""
    trained_on = [task for task in tasks if task.place.split == "train"]
    numbers = range(1, recipe.train_scenes)
    return [replace(task, number=number) for number in numbers for task in trained_on]


def _clinical(task: SimulateTask) -> SimulateClinicalTask:
    """A task of the source ``simulate`` as one of this source."""
    return SimulateClinicalTask(**{each.name: getattr(task, each.name) for each in fields(task)})


def _has_limbs(task: SimulateClinicalTask) -> bool:
    return task.variant == NATIVE and task.series.name in limb_series()


def _drawn_places(recipe: SimulateClinicalData) -> Sequence[tuple[Series, Place]]:
    """Drawn objects, three in five trained on, one each for validation and test."""
    return [
        (series, _place(number, recipe))
        for kind, count in (("phantom", recipe.phantoms), ("limb", recipe.limbs))
        for number, series in enumerate(drawn_series(kind, count))
    ]


def _place(number: int, recipe: SimulateClinicalData) -> Place:
    held_out = {0: "test", 1: "validation"}.get(number % 5)
    return Place(held_out) if held_out else Place("train", number % recipe.folds)
