"""Degraded copies of scored slices. No reader scored them: the installed model is their reference.

Without them, a network could learn from a few readers that smoothing pays, or that noise does not
matter.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from ctiqa.data.simulation.filters import FILTERS, mixed
from ctiqa.train.augment import AugmentChange
from ctiqa.train.batches import Batch, Batches

NOISE_HU = (5.0, 60.0)
"""Range of the standard deviation of added noise in HU, drawn log-uniformly."""

GRAIN = (0.0, 1.2)
"""Range of the blur of added noise in pixels: white, up to that of a soft kernel."""

FAMILIES = ("gaussian", "median", "total variation", "wavelets", "resampled")
"""Families of filters; the others are too slow to be applied in every step."""

LEAST_SHARE = 0.4
"""Smallest share of the filtered image in its mixture with the slice."""


class WithCopies:
    """Batches followed by a degraded copy of each of their slices, augmented in the same way.

    Copies have the label NaN.

    Args:
        batches: Batches of scored slices.
        seed: Seed of the degradations.
    """

    def __init__(self, batches: Batches, seed: int) -> None:
        self._batches = batches
        self._seed = seed

    @property
    def per_epoch(self) -> int:
        """Steps in which every scored slice is seen about once."""
        return self._batches.per_epoch

    def batch(self, step: int) -> Batch:
        """The batch of a step: n scored slices, then their n copies in the same order."""
        scored = self._batches.batch(step)
        rng = np.random.default_rng((self._seed, step, 2))
        copies = np.stack([degraded(hu, rng) for hu in scored.images[:, 0].numpy()])
        change = scored.change
        return replace(
            scored,
            number=np.tile(scored.number, 2),
            images=torch.cat([scored.images, torch.from_numpy(copies[:, np.newaxis])]),
            label=torch.cat([scored.label, torch.full_like(scored.label, torch.nan)]),
            change=AugmentChange(np.tile(change.symmetry, (2, 1)), np.tile(change.scale, 2)),
        )


def degraded(hu: npt.NDArray[np.int16], rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """A slice with added noise, filtered, or both.

    Args:
        hu: CT numbers in HU [rows, cols].
        rng: Draws the kind of degradation and its strength.
    """
    with_noise, with_filter = ((True, False), (False, True), (True, True))[rng.integers(3)]
    made = hu.astype(np.float32)
    if with_noise:
        made += _noise(hu.shape, rng)
    if with_filter:
        family = FILTERS[FAMILIES[rng.integers(len(FAMILIES))]]
        filtered = family.apply(made, family.draw(rng))
        made = mixed(made, filtered, rng.uniform(LEAST_SHARE, 1.0))
    ends = np.iinfo(np.int16)
    return np.rint(np.clip(made, ends.min, ends.max)).astype(np.int16)


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Noise with a random grain and standard deviation in HU."""
    white = rng.standard_normal(shape, dtype=np.float32)
    grain = ndimage.gaussian_filter(white, rng.uniform(*GRAIN), mode="wrap")
    level_hu = math.exp(rng.uniform(*np.log(NOISE_HU)))
    return np.asarray(grain * (level_hu / grain.std()), dtype=np.float32)
