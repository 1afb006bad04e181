"""Augmentation on the device: slices mirrored, turned, transposed and, if wanted, scaled.

Mirroring and turning move pixels and change none, so noise and label stay what they are. Scaling
resamples the noise while the label stays: DistilIQA does so, as published.
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

SCALES = (0.8, 1.2)
"""Range of the random scale."""

FLIPS = ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1))
TURNS = ((0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1))
TRANSPOSED = ((0, 0, 0), (1, 0, 0))
ALL = tuple((t, v, h) for t in (0, 1) for v in (0, 1) for h in (0, 1))
"""Ways to lay a square on itself: whether it is transposed, then upside down, then mirrored."""


@dataclass(frozen=True, eq=False)
class Change:
    """How every example of a batch is changed: drawn once, applied on any device.

    Attributes:
        symmetry: Whether it is transposed, then flipped up-down, then left-right [n, 3].
        scale: Factor of its size, about the centre [n].
    """

    symmetry: npt.NDArray[np.int64]
    scale: npt.NDArray[np.float32]

    def part(self, which: slice) -> Change:
        """The changes of some of the examples."""
        return Change(self.symmetry[which], self.scale[which])


def draw(rng: np.random.Generator, count: int, kinds: Sequence[str]) -> Change:
    """Draw changes for a batch, all that the kinds allow with the same chance.

    Args:
        rng: Draws them.
        count: Examples.
        kinds: Among ``flip`` (both ways), ``rotate`` (quarter turns), ``transpose``, ``scale``.

    >>> draw(np.random.default_rng(0), 2, ()).symmetry.tolist()
    [[0, 0, 0], [0, 0, 0]]
    """
    allowed = np.array(symmetries(kinds))
    scale = np.ones(count, dtype=np.float32)
    if "scale" in kinds:
        scale = rng.uniform(*SCALES, size=count).astype(np.float32)
    return Change(allowed[rng.integers(len(allowed), size=count)], scale)


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


def changed(images: Tensor, change: Change) -> Tensor:
    """Images turned, mirrored and scaled, their size kept.

    Args:
        images: Float [n, channels, rows, cols]; square where a change transposes.
        change: One for every image.

    Raises:
        UsageError: If an image that is not square is to be transposed.
    """
    moved = turned(images, change)
    return moved if np.all(change.scale == 1) else scaled(moved, change.scale)


def turned(images: Tensor, change: Change) -> Tensor:
    """Images [n, …, rows, cols] transposed, flipped up-down and left-right; no pixel changes.

    Raises:
        UsageError: If an image that is not square is to be transposed.

    >>> corner = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    >>> turned(corner, Change(np.array([[0, 1, 0]]), np.ones(1, "f4"))).tolist()
    [[[0.0, 0.0], [1.0, 0.0]]]
    """
    moved = images
    for column, way in enumerate((_transposed, _upside_down, _mirrored)):
        which = torch.from_numpy(change.symmetry[:, column].astype(bool)).to(images.device)
        if which.any():
            wide = which.view(-1, *(1,) * (images.ndim - 1))
            moved = torch.where(wide, way(moved), moved)
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


def scaled(images: Tensor, scale: npt.NDArray[np.float32]) -> Tensor:
    """Images enlarged (> 1) or shrunk about their centre; what comes in from outside is the edge.

    Args:
        images: Float [n, channels, rows, cols].
        scale: Factor of every image [n].
    """
    factor = torch.from_numpy(1 / scale).to(images.device, images.dtype)
    matrix = torch.zeros(len(factor), 2, 3, device=images.device, dtype=images.dtype)
    matrix[:, 0, 0] = matrix[:, 1, 1] = factor
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
