"""Augmentation on the device: slices mirrored, turned, transposed and, if wanted, resampled.

Mirroring and turning move pixels and change none, so noise and label stay what they are. DistilIQA
(Baldeon-Calisto et al., Comput Biol Med 177:108670, 2024) flips, turns and transposes, each with
probability ½, which makes all eight symmetries of the square equally likely; it then enlarges or
shrinks every second image and resizes it to what it was. Nothing has moved after that, but the
pixels were interpolated twice: the noise is smoothed while the label stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ctiqa.errors import UsageError

SCALES = (0.9, 1.1)
"""Range of the random scale: the default of the library that DistilIQA's code calls."""

SCALED_SHARE = 0.5
"""Chance of an example to be scaled, as there."""

FLIPS = ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1))
TURNS = ((0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1))
TRANSPOSED = ((0, 0, 0), (1, 0, 0))
ALL = tuple((t, v, h) for t in (0, 1) for v in (0, 1) for h in (0, 1))
"""Ways to lay a square on itself: whether it is transposed, then upside down, then mirrored."""


@dataclass(frozen=True, eq=False)
class AugmentChange:
    """How every example of a batch is changed: drawn once, applied on any device.

    Attributes:
        symmetry: Whether it is transposed, then flipped up-down, then left-right [n, 3], 0 or 1.
        scale: Factor of the size that it is resampled to and back from [n]; 1 leaves it alone.
    """

    symmetry: npt.NDArray[np.int64]
    scale: npt.NDArray[np.float32]

    def part(self, which: slice) -> AugmentChange:
        """The changes of some of the examples."""
        return AugmentChange(self.symmetry[which], self.scale[which])


def draw_augmentation(rng: np.random.Generator, count: int, kinds: Sequence[str]) -> AugmentChange:
    """Draw changes for a batch, all that the kinds allow with the same chance.

    Args:
        rng: Draws them.
        count: Examples.
        kinds: Among ``flip`` (both ways), ``rotate`` (quarter turns), ``transpose``, ``scale``
            (half of the examples, by a factor of :data:`SCALES`).

    >>> draw_augmentation(np.random.default_rng(0), 2, ()).symmetry.tolist()
    [[0, 0, 0], [0, 0, 0]]
    """
    allowed = np.array(symmetries(kinds))
    scale = np.ones(count, dtype=np.float32)
    if "scale" in kinds:
        drawn = rng.uniform(*SCALES, size=count)
        scale = np.where(rng.random(count) < SCALED_SHARE, drawn, 1.0).astype(np.float32)
    return AugmentChange(allowed[rng.integers(len(allowed), size=count)], scale)


def symmetries(kinds: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The group that the kinds generate; any two of them generate all eight.

    >>> len(symmetries(("flip",))), len(symmetries(("flip", "rotate")))
    (4, 8)
    """
    each = {"flip": FLIPS, "rotate": TURNS, "transpose": TRANSPOSED}
    asked = [each[kind] for kind in each if kind in kinds]
    if not asked:
        return ALL[:1]
    return asked[0] if len(asked) == 1 else ALL


def changed(images: Tensor, change: AugmentChange) -> Tensor:
    """Images turned, mirrored and resampled, their size kept.

    Args:
        images: Float [n, channels, rows, cols]; square where a change transposes.
        change: One for every image.

    Raises:
        UsageError: If an image that is not square is to be transposed.
    """
    moved = turned(images, change)
    return moved if np.all(change.scale == 1) else resampled(moved, change.scale)


def turned(images: Tensor, change: AugmentChange) -> Tensor:
    """Images [n, …, rows, cols] transposed, flipped up-down and left-right; no pixel changes.

    Maps that lie on a grid of the image (local noise, [n, rows, cols]) turn along with it.

    Raises:
        UsageError: If an image that is not square is to be transposed.

    >>> corner = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    >>> turned(corner, AugmentChange(np.array([[0, 1, 0]]), np.ones(1, "f4"))).tolist()
    [[[0.0, 0.0], [1.0, 0.0]]]
    """
    moved = images
    for column, way in enumerate((_transposed, _upside_down, _mirrored)):
        chosen = change.symmetry[:, column].astype(bool)
        if chosen.any():
            which = torch.from_numpy(chosen).to(images.device)
            moved = torch.where(which.view(-1, *(1,) * (images.ndim - 1)), way(moved), moved)
    return moved


def _transposed(images: Tensor) -> Tensor:
    rows, cols = images.shape[-2:]
    if rows != cols:
        raise UsageError(
            f"'augment' must not rotate or transpose slices that are not square, got {rows}×{cols}"
        )
    return images.transpose(-1, -2)


def _upside_down(images: Tensor) -> Tensor:
    return images.flip(-2)


def _mirrored(images: Tensor) -> Tensor:
    return images.flip(-1)


def resampled(images: Tensor, scale: npt.NDArray[np.float32]) -> Tensor:
    """Images enlarged or shrunk, then brought back to their size, linearly both times.

    Pixel centres are kept and nothing is smoothed before an image shrinks, as in DistilIQA's code:
    everything stays where it is, and what is finer than the interpolation is lost.

    Args:
        images: Float [n, channels, rows, cols].
        scale: Factor of the size in between, of every image [n]; 1 leaves its pixels untouched.

    >>> spike = torch.zeros(1, 1, 1, 8)
    >>> spike[..., 3] = 1.0
    >>> resampled(spike, np.float32([2.0])).flatten().tolist()
    [0.0, 0.0, 0.125, 0.75, 0.125, 0.0, 0.0, 0.0]
    """
    rows, cols = images.shape[-2:]
    result = images.clone()
    # Every image has a size of its own in between, so they cannot share a call.
    for k in np.flatnonzero(scale != 1):
        factor = float(scale[k])
        between = _resized(images[k : k + 1], int(rows * factor), int(cols * factor))
        result[k] = _resized(between, rows, cols)[0]
    return result


def _resized(images: Tensor, rows: int, cols: int) -> Tensor:
    return functional.interpolate(images, (rows, cols), mode="bilinear", align_corners=False)
