"""Batches of examples, cropped, turned and mirrored; the same batch for the same step, always."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ctiqa.data.labels import TOKEN
from ctiqa.data.manifest import Examples
from ctiqa.recipe import TrainRecipe

RAW_RANGE = (-0.6, 4.6)
"""Labels are trained on a little beyond the scale, so that its ends are not a cliff."""


LABEL_BIN = 0.25
"""Width in grades of the bins in which labels are balanced."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Examples as tensors.

    Attributes:
        number: Number of every example in its set [n].
        hu: CT numbers in HU [n, 1, rows, cols].
        label: Score a little beyond 0–4 [n].
        noise: ln local noise, NaN outside the patient [n, rows/32, cols/32].
    """

    number: npt.NDArray[np.intp]
    hu: Tensor
    label: Tensor
    noise: Tensor


class Batches:
    """Random batches; a step's batch depends on the seed and the step alone.

    That makes a resumed training see exactly what an uninterrupted one would have seen.
    """

    def __init__(self, examples: Examples, recipe: TrainRecipe) -> None:
        self._images, self._maps = examples.images(), examples.maps()
        self._label = np.clip(examples.column("raw").astype(np.float32), *RAW_RANGE)
        self._weight = example_weights(examples.column("patient"), self._label)
        self._recipe = recipe

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        rng = np.random.default_rng((self._recipe.seed, step))
        number = rng.choice(len(self._label), self._recipe.batch, p=self._weight)
        if self._recipe.consistency_weight > 0:
            number[len(number) // 2 :] = number[: len(number) // 2]
        pairs = [self._augmented(int(k), self._crop(step), rng) for k in number]
        return Batch(
            number=number,
            hu=torch.from_numpy(np.stack([hu for hu, _ in pairs])[:, None]),
            label=torch.from_numpy(self._label[number]),
            noise=torch.from_numpy(np.stack([noise for _, noise in pairs])),
        )

    def steps(self, first: int, last: int) -> Iterator[Batch]:
        """Batches of steps ``first`` to ``last`` − 1, each read while the one before is used."""
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self.batch, first)
            for step in range(first, last):
                now = coming.result()
                coming = reader.submit(self.batch, min(step + 1, last - 1))
                yield now

    def _crop(self, step: int) -> int:
        """Side of the crops of a step, 0 for whole slices."""
        left = self._recipe.steps - step
        return 0 if 0 < left <= self._recipe.whole_steps else self._recipe.crop

    def _augmented(
        self, number: int, crop: int, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        hu, noise = self._images[number], self._maps[number]
        if crop:
            hu, noise = _crop(hu, noise, crop // TOKEN, rng)
        turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
        return _turn(hu, turns, mirror), _turn(noise, turns, mirror)


def example_weights(
    patient: npt.NDArray[np.generic], label: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Chance of every example: crowds count by the root of their number.

    Neither may a patient of 40 slices drown the others, nor the many useless or perfect examples
    the middle of the scale; nor is a second slice, or a second perfect example, worth nothing.

    >>> example_weights(np.array(["a", "a", "b"]), np.float32([1, 1, 1])).round(3).tolist()
    [0.293, 0.293, 0.414]
    """
    weight = _rarity(patient) * _rarity(np.floor(label / LABEL_BIN))
    return np.asarray(weight / weight.sum())


def _rarity(group: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    _, owner, count = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1 / np.sqrt(count[owner]))


def _crop(
    hu: npt.NDArray[np.generic],
    noise: npt.NDArray[np.generic],
    tokens: int,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """A square crop on the grid of tokens; one of five places at random that holds most body."""
    whole = np.array(hu.shape) // TOKEN
    size = min(tokens, *whole.tolist())
    body = np.isfinite(noise.astype(np.float32))
    places = rng.integers(0, whole - size + 1, size=(5, 2))
    held = [body[r : r + size, c : c + size].sum() for r, c in places]
    row, col = places[int(np.argmax(held))]
    r, c, side = row * TOKEN, col * TOKEN, size * TOKEN
    return hu[r : r + side, c : c + side], noise[row : row + size, col : col + size]


def _turn(array: npt.NDArray[np.generic], turns: int, mirror: bool) -> npt.NDArray[np.float32]:
    turned = np.rot90(array, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirror else turned, dtype=np.float32)
