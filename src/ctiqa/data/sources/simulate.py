"""Simulated degradations of clean slices, labelled by their loss of quality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.data.simulation import labels
from ctiqa.data.simulation.degrade import Degradation, apply
from ctiqa.data.simulation.draw import draw
from ctiqa.data.simulation.scene import Scene, make_scene
from ctiqa.data.sources.clean_series import Series, kernel_of, read_index
from ctiqa.data.splits import Place, split_patients
from ctiqa.data.task import TaskOutput, task_rng
from ctiqa.errors import DataError
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.noise_scale import score_of_noise
from ctiqa.physics import Kernel, average_slices, change_kernel
from ctiqa.physics.kernels import SHARP_KERNEL, SOFT_KERNEL, STANDARD_KERNEL
from ctiqa.recipe import SimulateData
from ctiqa.types import HuImage

DOSE_LADDER = (1.0, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02)
"""Additional doses of held-out slices, to test whether the score is monotonic in dose."""

SHARPER = Degradation(kernel_half_per_mm=0.6, kernel_boost=1.0)
"""A sharper reconstruction of the same slice, which must score lower."""

KERNELS: dict[str, Kernel] = {
    "soft": SOFT_KERNEL,
    "standard": STANDARD_KERNEL,
    "sharp": SHARP_KERNEL,
}
"""Kernels to which a slice can be converted before it is degraded."""

NATIVE = "native"
"""Variant of a slice with its original kernel."""


@dataclass(frozen=True, slots=True)
class SimulateTask:
    """One slice to degrade.

    Attributes:
        series: Series of the slice.
        index: Index of the slice in its series.
        variant: ``native``, or the kernel it is converted to first.
        thickness: Number of slices averaged, odd.
        place: Split and fold of the patient.
        recipe: Recipe of the data set.
    """

    series: Series
    index: int
    variant: str
    place: Place
    recipe: SimulateData
    thickness: int = 1

    @property
    def name(self) -> str:
        """File-safe name, unique within a data set."""
        thick = f"-x{self.thickness}" if self.thickness > 1 else ""
        return f"{self.series.name}-{self.index:03d}-{self.variant}{thick}"

    @property
    def examples(self) -> int:
        """Examples of the slice."""
        return self.count()

    def count(self) -> int:
        """Examples of the slice, at most."""
        recipe = self.recipe
        if recipe.sampler == "grid":
            return len(recipe.grid_doses) * len(recipe.grid_views)
        if self.place.split == "train":
            return recipe.train_examples
        return recipe.held_out_examples + len(DOSE_LADDER) + 1

    @property
    def facts(self) -> dict[str, Any]:
        """Origin and licence of the pixels."""
        return {
            "source": self.recipe.source,
            "origin": self.series.origin,
            "licence": self.series.licence,
        }

    def make(self) -> TaskOutput:
        """Degrade and label the slice; a slice without tissue gives no examples."""
        rng = task_rng(self.recipe.seed, self.name)
        scene = self.scene(rng)
        if not (np.isfinite(scene.own_noise_hu) and scene.mask.any()):
            return TaskOutput([])
        ladder = self.ladder(scene, rng)
        records, images, maps = [], [], []
        for purpose, degradation in self._degradations(scene, rng):
            image, label = self.example(scene, degradation, ladder)
            images.append(np.round(image).astype(np.int16))
            maps.append(_noise_map(image, scene, degradation))
            facts = {"purpose": purpose, **self.facts_of_slice(scene), **degradation.as_dict()}
            records.append(facts | label)
        return TaskOutput(records, {"hu": np.stack(images), "map": np.stack(maps)})

    def scene(self, rng: np.random.Generator) -> Scene:
        """The slice with all ingredients of its degradations."""
        volume, spacing = self.series.read()
        hu = average_slices(volume, self.index, self.thickness)
        kernel = kernel_of(self.series.kernel)
        if self.variant in KERNELS:
            new = KERNELS[self.variant]
            hu = np.maximum(change_kernel(hu, spacing, kernel, new), np.float32(-1024))
            kernel = new
        count = self.artefact_kinds
        hu, spacing = self.prepared(hu, spacing)
        return make_scene(
            hu,
            spacing,
            kernel,
            rng,
            draws=self.recipe.draws,
            artefact_kinds=count,
            # A generator of its own: the noise does not depend on the artefacts.
            artefact_rng=task_rng(self.recipe.seed, f"{self.name}/artefacts") if count else None,
        )

    @property
    def artefact_kinds(self) -> int:
        """Number of kinds of artefacts of the slice."""
        return 0

    def prepared(
        self, hu: HuImage, spacing_mm: tuple[float, float]
    ) -> tuple[HuImage, tuple[float, float]]:
        """The slice as it is used and its pixel spacing, here unchanged."""
        return hu, spacing_mm

    def ladder(self, scene: Scene, rng: np.random.Generator) -> labels.Ladder:
        """Effect of plain noise on the slice."""
        return labels.make_ladder(scene, rng)

    def draw(self, scene: Scene, rng: np.random.Generator) -> Degradation:
        """One degradation at random."""
        return draw(scene, rng)

    def example(
        self, scene: Scene, degradation: Degradation, ladder: labels.Ladder
    ) -> tuple[HuImage, dict[str, Any]]:
        """A degraded slice in HU, its label and what that is made of."""
        image = apply(scene, degradation)
        found = labels.losses(image, scene.hu, counted_pixels(scene, degradation))
        return image, label_record(ladder.total_noise(found), found)

    def facts_of_slice(self, scene: Scene) -> dict[str, Any]:
        """What is true of all examples of the slice."""
        return {
            "patient": self.series.patient,
            "region": self.series.region,
            "scanner": self.series.scanner,
            "scanner_kernel": self.series.kernel,
            "variant": self.variant,
            "thickness": self.thickness,
            "own_noise_hu": scene.own_noise_hu,
        }

    def _degradations(
        self, scene: Scene, rng: np.random.Generator
    ) -> Iterator[tuple[str, Degradation]]:
        if self.recipe.sampler == "grid":
            for dose in self.recipe.grid_doses:
                for views in self.recipe.grid_views:
                    seed = int(rng.integers(2**31))
                    yield "example", Degradation(dose=dose, views=views, seed=seed)
            return
        yield from self.drawn(scene, rng)

    def drawn(self, scene: Scene, rng: np.random.Generator) -> Iterator[tuple[str, Degradation]]:
        """Undegraded slice, random degradations; for held-out patients also ladder and kernel."""
        yield "example", Degradation(seed=int(rng.integers(2**31)))
        training = self.place.split == "train"
        count = self.recipe.train_examples if training else self.recipe.held_out_examples
        for _ in range(count - 1):
            yield "example", self.draw(scene, rng)
        if not training:
            for dose in DOSE_LADDER:
                yield "ladder", Degradation(dose=dose, seed=int(rng.integers(2**31)))
            yield "sharper", SHARPER


def plan(root: Path, recipe: SimulateData) -> list[SimulateTask]:
    """Plan every slice of a recipe.

    With random sampling, a sharp-kernel slice is used twice: unchanged, and softened to a usable
    soft-tissue reference. On a grid, it is used once per kernel and thickness.

    Raises:
        DataError: If the collection, the split or the grid breaks a rule.
    """
    tasks = tasks_of(read_index(root), recipe)
    if not tasks:
        raise DataError(f"'{root}' must hold a slice that 'data.grid_thickness' allows, got none")
    return tasks


def tasks_of(series: Sequence[Series], recipe: SimulateData) -> list[SimulateTask]:
    """Plan the slices of the given series, with patients split.

    Raises:
        DataError: If the split breaks a rule.
    """
    places = split_patients({s.patient: s.region for s in series}, recipe)
    return [
        SimulateTask(s, index, variant, places[s.patient], recipe, thickness)
        for s in series
        for index in s.chosen(recipe.most_slices)
        for variant in _variants(s, recipe)
        for thickness in _thicknesses(s, index, recipe)
    ]


def _variants(series: Series, recipe: SimulateData) -> tuple[str, ...]:
    if recipe.sampler == "grid":
        return tuple(NATIVE if k == "own" else k for k in recipe.grid_kernels)
    return (NATIVE, "soft") if kernel_of(series.kernel) == SHARP_KERNEL else (NATIVE,)


def _thicknesses(series: Series, index: int, recipe: SimulateData) -> tuple[int, ...]:
    """The thicknesses of the grid for which the slice has evenly spaced neighbours."""
    if recipe.sampler != "grid":
        return (1,)
    return tuple(n for n in recipe.grid_thickness if n == 1 or series.has_neighbours(index, n // 2))


def counted_pixels(scene: Scene, degradation: Degradation) -> Mask:
    """Pixels of the patient that count: outside implants and inside the field of view."""
    if degradation.artefact is None:
        return scene.mask
    return scene.mask & ~scene.artefacts[degradation.artefact].left_out


def _noise_map(image: HuImage, scene: Scene, degradation: Degradation) -> npt.NDArray[np.float16]:
    errors = labels.token_errors(image, scene.hu, counted_pixels(scene, degradation))
    return np.log(np.hypot(errors, np.float32(scene.own_noise_hu))).astype(np.float16)


def label_record(total_noise_hu: float, found: npt.NDArray[np.float64]) -> dict[str, Any]:
    """The label of a total noise, before and after clipping, and the measures it is made of."""
    raw = score_of_noise(total_noise_hu)
    return {
        "label": labels.clip_score(raw),
        "raw": raw,
        "total_noise_hu": total_noise_hu,
        **{f"loss_{k}": float(v) for k, v in enumerate(found)},
    }
