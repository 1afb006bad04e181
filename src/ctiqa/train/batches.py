"""Batches of examples; a step always gets the same batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctiqa.data.manifest import Examples
from ctiqa.errors import DataError
from ctiqa.noise_scale import score_of_noise
from ctiqa.recipe import TrainRecipe
from ctiqa.recipe.network import TOKEN
from ctiqa.train.augment import AugmentChange, changed, draw_augmentation, turned

RAW_RANGE = (-0.6, 4.6)
"""Range of training labels: a little beyond the scale, to avoid a cliff at its ends."""

OPEN_RANGE = (score_of_noise(200.0), np.inf)
"""Range of labels on the open scale: beyond 200 HU of noise nothing is left to be told apart."""


MOST_MOVED = 16
"""Largest shift of a twin's crop, in pixels either way: half a token, so any position in it."""

ImageAndMap = tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]
"""Pixels and their map of local noise."""

LABEL_BIN = 0.25
"""Width in grades of the bins in which labels are balanced."""


class CropPlace(NamedTuple):
    """Position of a square crop, in pixels."""

    top: int
    left: int
    side: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples as tensors, not yet augmented.

    Attributes:
        number: Index of every example in its set [n].
        images: Pixels as stored: int16 HU [n, 1, rows, cols], or uint8 RGB with three
            channels.
        label: Training labels in grades [n]; NaN for images without one.
        noise: ln of the local noise in HU [n, rows/32, cols/32], NaN where unknown; ``None`` if
            no network uses it.
        change: Augmentation of every example.
        findings: 1 for present, 0 for absent, NaN for too faint to tell [n, findings]; ``None`` if
            unknown.
        regions: 1 for every region that may be named, else 0 [n, regions]; ``None`` if unknown.
    """

    number: npt.NDArray[np.int64]
    images: Tensor
    label: Tensor
    noise: Tensor | None
    change: AugmentChange
    findings: Tensor | None = None
    regions: Tensor | None = None

    def part(self, which: slice) -> Batch:
        """Some of the examples."""
        return Batch(
            number=self.number[which],
            images=self.images[which],
            label=self.label[which],
            noise=None if self.noise is None else self.noise[which],
            change=self.change.part(which),
            findings=None if self.findings is None else self.findings[which],
            regions=None if self.regions is None else self.regions[which],
        )

    def ready(self, device: torch.device) -> Batch:
        """The batch on a device, augmented there, with float32 images."""
        return replace(
            self,
            images=changed(self.images.to(device).float(), self.change),
            label=self.label.to(device),
            noise=None if self.noise is None else turned(self.noise.to(device), self.change),
            findings=None if self.findings is None else self.findings.to(device),
            regions=None if self.regions is None else self.regions.to(device),
        )


class Batches(Protocol):
    """Source of the batches of a training."""

    @property
    def per_epoch(self) -> int:
        """Steps in which every example is seen about once."""

    def batch(self, step: int) -> Batch:
        """The batch of a step."""


def batches_of(examples: Examples, recipe: TrainRecipe) -> Batches:
    """Epochs if the recipe counts epochs, otherwise balanced draws."""
    return EpochBatches(examples, recipe) if recipe.epochs else BalancedBatches(examples, recipe)


class EpochBatches:
    """Every example once per epoch, in a new order each time.

    Remaining examples at the end of an epoch form a smaller batch or are dropped, as the recipe
    says.

    Raises:
        DataError: If there are too few examples for a batch.
    """

    def __init__(self, examples: Examples, recipe: TrainRecipe) -> None:
        if problem := too_few(len(examples), recipe):
            raise DataError(problem)
        self._images = examples.images()
        self._label = examples.column("label").astype(np.float32)
        self._recipe = recipe

    @property
    def per_epoch(self) -> int:
        """Number of batches, including an incomplete last one if it is kept."""
        whole, rest = divmod(len(self._label), self._recipe.batch)
        return whole + (rest > 0 and self._recipe.last_batch == "kept")

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        epoch, place = divmod(step, self.per_epoch)
        size = self._recipe.batch
        order = np.random.default_rng((self._recipe.seed, epoch)).permutation(len(self._label))
        number = order[place * size : (place + 1) * size]
        rng = np.random.default_rng((self._recipe.seed, step, 1))
        return Batch(
            number=number,
            images=stacked([self._images[int(k)] for k in number]),
            label=torch.from_numpy(self._label[number]),
            noise=None,
            change=draw_augmentation(rng, len(number), self._recipe.augment),
        )


class BalancedBatches:
    """Examples sampled so that patients and grades are balanced; cropped, with noise maps.

    Args:
        examples: Training examples of one matrix size.
        recipe: Batch size, crop, seed.
    """

    def __init__(self, examples: Examples, recipe: TrainRecipe) -> None:
        self._images, self._maps = examples.images(), examples.maps()
        ends = OPEN_RANGE if recipe.open_scale else RAW_RANGE
        self._label = np.clip(examples.column("raw").astype(np.float32), *ends)
        self._findings, self._regions = examples.findings(), examples.regions()
        self._weight = example_weights(examples.column("patient"), self._label)
        self._recipe = recipe
        self._twins = recipe.consistency_weight > 0

    @property
    def per_epoch(self) -> int:
        """Batches that together have about as many examples as the set."""
        return max(len(self._label) // self._recipe.batch, 1)

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        rng = np.random.default_rng((self._recipe.seed, step))
        number = rng.choice(len(self._label), self._recipe.batch, p=self._weight)
        if self._twins:
            number[len(number) // 2 :] = number[: len(number) // 2]
        pairs = list(self._pairs(number, self._crop(step), rng))
        return Batch(
            number=number,
            images=stacked([hu for hu, _ in pairs]),
            label=torch.from_numpy(self._label[number]),
            noise=torch.from_numpy(np.stack([noise for _, noise in pairs]).astype(np.float32)),
            change=draw_augmentation(rng, len(number), self._recipe.augment),
            findings=_rows(self._findings, number),
            regions=_rows(self._regions, number),
        )

    def _crop(self, step: int) -> int:
        """Side of the crops of a step; 0 for whole slices."""
        left = self._recipe.steps - step
        return 0 if 0 < left <= self._recipe.whole_steps else self._recipe.crop

    def _pairs(
        self, number: npt.NDArray[np.int64], crop: int, rng: np.random.Generator
    ) -> Iterator[ImageAndMap]:
        """Every example, cropped; the second of two twins has a shifted crop."""
        first = number[: len(number) // 2] if self._twins else number
        places = [self._place(int(k), crop, rng) for k in first]
        for k, place in zip(first, places, strict=True):
            yield self._shown(int(k), place)
        if self._twins:
            for k, place in zip(first, places, strict=True):
                yield self._shown(int(k), self._moved(int(k), place, rng))

    def _place(self, number: int, crop: int, rng: np.random.Generator) -> CropPlace | None:
        """The crop of an example; ``None`` for the whole slice."""
        if not crop:
            return None
        rows, cols = (side // TOKEN for side in self._images[number].shape[:2])
        body = np.isfinite(self._maps[number][:rows, :cols].astype(np.float32))
        side = min(crop // TOKEN, rows, cols)
        row, col = _most_body(body, side, rng)
        return CropPlace(TOKEN * row, TOKEN * col, TOKEN * side)

    def _moved(
        self, number: int, place: CropPlace | None, rng: np.random.Generator
    ) -> CropPlace | None:
        """The crop shifted by up to half a token, within the slice."""
        if place is None:
            return None
        down, right = rng.integers(-MOST_MOVED, MOST_MOVED + 1, size=2).tolist()
        rows, cols = self._images[number].shape[:2]
        return CropPlace(
            min(max(place.top + down, 0), rows - place.side),
            min(max(place.left + right, 0), cols - place.side),
            place.side,
        )

    def _shown(self, number: int, place: CropPlace | None) -> ImageAndMap:
        """Pixels of an example and their noise map, which is unknown off the token grid."""
        hu, noise = self._images[number], self._maps[number]
        if place is None:
            return hu, noise
        crop = hu[place.top : place.top + place.side, place.left : place.left + place.side]
        row, col, side = place.top // TOKEN, place.left // TOKEN, place.side // TOKEN
        if place.top % TOKEN or place.left % TOKEN:
            return crop, np.full((side, side), np.nan, noise.dtype)
        return crop, noise[row : row + side, col : col + side]


def _rows(table: npt.NDArray[np.float32] | None, number: npt.NDArray[np.int64]) -> Tensor | None:
    return None if table is None else torch.from_numpy(table[number])


def too_few(count: int, recipe: TrainRecipe) -> str | None:
    """Why there are too few training examples for an epoch; ``None`` if there are enough.

    >>> too_few(3, TrainRecipe(epochs=1, validate_every=0, batch=4))
    "'batch' must be at most the number of training examples, 3, got 4"
    """
    least = recipe.batch if recipe.last_batch == "dropped" else 1
    if not recipe.epochs or count >= least:
        return None
    return f"'batch' must be at most the number of training examples, {count}, got {recipe.batch}"


def example_weights(
    patient: npt.NDArray[np.generic], label: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Sampling probability of every example: a group of n examples counts √n times one example.

    A patient with 40 slices must not dominate, nor the many useless or perfect examples; but
    additional slices or examples still count.

    >>> example_weights(np.array(["a", "a", "b"]), np.float32([1, 1, 1])).round(3).tolist()
    [0.293, 0.293, 0.414]
    """
    weight = _rarity(patient) * _rarity(np.floor(label / LABEL_BIN))
    return np.asarray(weight / weight.sum())


def _rarity(group: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    _, owner, count = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1 / np.sqrt(count[owner]))


def _most_body(body: npt.NDArray[np.bool_], side: int, rng: np.random.Generator) -> tuple[int, int]:
    """First row and column of a square: of five random ones, the one with most of the patient."""
    places = rng.integers(0, np.array(body.shape) - side + 1, size=(5, 2))
    held = [body[r : r + side, c : c + side].sum() for r, c in places]
    row, col = places[int(np.argmax(held))]
    return int(row), int(col)


def stacked(images: list[npt.NDArray[np.generic]]) -> Tensor:
    """Slices [rows, cols], or RGB images [rows, cols, 3], as one tensor with channels first.

    Raises:
        DataError: If they differ in size.
    """
    if len(shapes := {image.shape for image in images}) > 1:
        raise DataError(
            f"images of one batch must have one size, got {sorted(shapes)}; prepare them at one"
        )
    stack = np.stack(images)
    return torch.from_numpy(stack[:, None] if stack.ndim == 3 else stack.transpose(0, 3, 1, 2))
