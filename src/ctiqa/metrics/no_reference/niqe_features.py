"""Natural-scene statistics of an image: the 36 features of BRISQUE and NIQE.

In clean images, brightness minus its local mean, divided by its local standard deviation, follows
nearly the same distribution; degradation changes that distribution.

- Mittal A, Moorthy AK, Bovik AC. No-reference image quality assessment in the spatial domain
  (BRISQUE). IEEE Trans Image Process 21(12):4695–4708, 2012: the 36 features.
- Mittal A, Soundararajan R, Bovik AC. Making a "completely blind" image quality analyzer (NIQE).
  IEEE Signal Process Lett 20(3):209–212, 2013: patches; the distance from clean images is in
  :mod:`ctiqa.metrics.no_reference.niqe`.

Here a pixel counts if its local window lies entirely inside the mask, at both scales, so that
pixels outside the mask have no influence. The second scale is the mean of 2×2 pixels.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.errors import DataError, UsageError
from ctiqa.metrics.full_reference.images import (
    GREYS,
    Image,
    Mask,
    Pixel,
    gaussian,
    halved,
    halved_mask,
)
from ctiqa.metrics.no_reference.generalized_gaussian import fit_aggd, fit_ggd
from ctiqa.types import Floats

Values = TypeVar("Values", Floats, npt.NDArray[np.bool_])

FILTER_SIZE = 7
"""Side of the local window in pixels."""

FILTER_SIGMA = 7 / 6
"""Standard deviation of the local window in pixels."""

STABILISER = 1 / GREYS
"""Added to the local standard deviation: 1 in the papers, here for brightness in [0, 1]."""

FEATURES = 36
"""Features per image or patch: 18 at each of two scales."""

PATCH_SHARE = 0.5
"""A patch counts if at least this share of its pixels is inside the mask."""

MIRRORED = tuple(18 * k + n for k in (0, 1) for n in (*range(10), *range(14, 18), *range(10, 14)))
"""Order of the features of the mirrored image: left-right mirroring swaps the diagonals."""


def mscn(image: Image) -> Image:
    """Mean-subtracted contrast-normalised coefficients (BRISQUE), (I − μ) / (σ + 1/255).

    μ and σ are mean and standard deviation in a Gaussian window of 7×7 pixels with σ = 7/6. The
    image is extended by its border pixels.

    Args:
        image: Brightness in [0, 1], float [rows, cols].

    Returns:
        Coefficients, dimensionless, float64 [rows, cols]; exactly 0 where the window is constant.

    >>> mscn(np.array([[0.0] * 9, [1.0] * 9])).round(2)[:, 0].tolist()
    [-0.69, 0.69]
    """
    return _normalised(image)[0]


def neighbour_products(blocks: Values) -> tuple[Values, Values, Values, Values]:
    """Products of neighbours along the row, down the column and along both diagonals.

    Pairs do not wrap around, unlike in the program of the authors.

    Args:
        blocks: Coefficients or a mask, [..., rows, cols].

    Returns:
        Horizontal [..., rows, cols - 1], vertical [..., rows - 1, cols], and, both
        [..., rows - 1, cols - 1], the diagonals down to the right and down to the left.

    >>> [each.tolist() for each in neighbour_products(np.array([[2.0, 3.0], [5.0, 7.0]]))]
    [[[6.0], [35.0]], [[10.0, 21.0]], [[14.0]], [[15.0]]]
    """
    upper, lower = blocks[..., :-1, :], blocks[..., 1:, :]
    return (
        blocks[..., :-1] * blocks[..., 1:],
        upper * lower,
        upper[..., :-1] * lower[..., 1:],
        upper[..., 1:] * lower[..., :-1],
    )


def features(image: Image, mask: Mask) -> Floats:
    """The 36 BRISQUE features of the pixels inside the mask.

    At full and then at half resolution: shape and variance of the coefficients of :func:`mscn`,
    then shape, mean, left and right variance of their :func:`neighbour_products`, in that order
    (see :mod:`ctiqa.metrics.no_reference.generalized_gaussian`).

    Args:
        image: Brightness in [0, 1], float [rows, cols] (see :func:`ctiqa.hu.apply_window`).
        mask: Pixels that count, bool [rows, cols].

    Returns:
        Features, dimensionless, float64 [36].

    Raises:
        UsageError: If the shapes differ, or a pixel inside the mask is not finite.
        DataError: If the mask holds no window of 7×7 pixels at half resolution, or is constant.

    >>> noise = np.random.default_rng(0).normal(0.5, 0.1, (64, 64))
    >>> features(noise, np.ones(noise.shape, bool)).shape
    (36,)
    """
    _check_image(image, mask)
    (found,) = _two_scales(image, mask, (1, 1)).features
    if np.isnan(found).any():
        raise DataError(
            "the mask must hold windows of 14x14 pixels with some variation in them, got "
            f"{np.count_nonzero(mask)} pixels without; choose another mask or a wider window"
        )
    return np.asarray(found)


class Patches(NamedTuple):
    """The patches of an image: features [n, 36] and mean local deviation in brightness [n]."""

    features: Floats
    sharpness: Floats

    def chosen(self, keep: npt.NDArray[np.bool_]) -> Patches:
        """The patches for which ``keep``, bool [n], is true."""
        return Patches(self.features[keep], self.sharpness[keep])


def patch_features(image: Image, mask: Mask, side: int = 96) -> Patches:
    """Features of every patch that lies mostly inside the mask (NIQE).

    The patches tile the centre of the image. Patches with less than half of their pixels inside
    the mask are left out, and so are constant patches, which have no statistics.

    Args:
        image: Brightness in [0, 1], float [rows, cols].
        mask: Pixels that count, bool [rows, cols].
        side: Side of a patch in pixels, even, at least 16.

    Returns:
        Features [n, 36] and sharpness [n] in reading order; n may be 0.

    Raises:
        UsageError: If ``side`` is odd or less than 16, the shapes differ, or a pixel inside the
            mask is not finite.

    >>> noise = np.random.default_rng(0).normal(0.5, 0.1, (200, 100))
    >>> patch_features(noise, np.ones(noise.shape, bool)).features.shape
    (2, 36)
    """
    check_side(side)
    _check_image(image, mask)
    grid = (image.shape[0] // side, image.shape[1] // side)
    if 0 in grid:
        return Patches(np.empty((0, FEATURES)), np.empty(0))
    middle = tuple(
        slice((length - n * side) // 2, (length - n * side) // 2 + n * side)
        for length, n in zip(image.shape, grid, strict=True)
    )
    image, mask = image[middle], mask[middle]
    found = _two_scales(image, mask, grid)
    mostly = _blocks(mask, grid).mean(axis=(1, 2)) >= PATCH_SHARE
    return found.chosen(mostly & ~np.isnan(found.features).any(axis=1))


def _two_scales(image: Image, mask: Mask, grid: tuple[int, int]) -> Patches:
    image = np.where(mask, image, 0.0)
    fine = _one_scale(image, mask, grid)
    coarse = _one_scale(halved(image), halved_mask(mask), grid)
    return Patches(np.concatenate([fine.features, coarse.features], axis=1), fine.sharpness)


def _one_scale(image: Image, mask: Mask, grid: tuple[int, int]) -> Patches:
    """The 18 features and the sharpness of each block; NaN for constant blocks."""
    inside = ndimage.minimum_filter(mask, FILTER_SIZE, mode="constant", cval=False)
    normal, deviation = _normalised(image)
    blocks, counted = _blocks(normal, grid), _blocks(inside, grid)
    weight = counted.sum(axis=(1, 2))
    total = np.where(counted, _blocks(deviation, grid), 0.0).sum(axis=(1, 2))
    return Patches(_statistics(blocks, counted), total / np.maximum(weight, 1))


def _statistics(blocks: Floats, counted: npt.NDArray[np.bool_]) -> Floats:
    n = len(blocks)
    whole = fit_ggd(blocks.reshape(n, -1), counted.reshape(n, -1))
    columns = [whole.shape, whole.deviation**2]
    pairs = zip(neighbour_products(blocks), neighbour_products(counted), strict=True)
    for product, both in pairs:
        fit = fit_aggd(product.reshape(n, -1), both.reshape(n, -1))
        columns += [fit.shape, fit.mean, fit.left**2, fit.right**2]
    return np.stack(columns, axis=1)


def _normalised(image: Image) -> tuple[Image, Image]:
    """Coefficients and local standard deviation, each [rows, cols]."""
    image = np.asarray(image, dtype=np.float64)
    mean = _local_mean(image)
    deviation = np.sqrt(np.maximum(_local_mean(image * image) - mean**2, 0.0))
    difference = image - mean
    # In saturated regions the difference is a rounding error, whose sign must not count.
    difference[np.abs(difference) < 1e-12] = 0.0
    return difference / (deviation + STABILISER), deviation


def _local_mean(image: Image) -> Image:
    weights = gaussian(FILTER_SIZE, FILTER_SIGMA)
    down = ndimage.correlate1d(image, weights, axis=0, mode="nearest")
    return np.asarray(ndimage.correlate1d(down, weights, axis=1, mode="nearest"))


def _blocks(image: npt.NDArray[Pixel], grid: tuple[int, int]) -> npt.NDArray[Pixel]:
    """Split an image into equal blocks [n, rows, cols], in reading order."""
    rows, cols = (length // n for length, n in zip(image.shape, grid, strict=True))
    tiles = image.reshape(grid[0], rows, grid[1], cols).swapaxes(1, 2)
    return tiles.reshape(-1, rows, cols)


def check_side(side: int) -> None:
    """Refuse a patch that cannot be halved, or that holds too few windows at half resolution.

    Raises:
        UsageError: If ``side`` is odd or less than 16.
    """
    if side < 16 or side % 2:
        raise UsageError(f"'side' must be an even number of pixels, at least 16, got {side}")


def _check_image(image: Image, mask: Mask) -> None:
    if image.ndim != 2 or image.shape != mask.shape:
        raise UsageError(
            f"image and 'mask' must be [rows, cols] of one shape, got {image.shape}, {mask.shape}"
        )
    bad = int(np.count_nonzero(~np.isfinite(image[mask])))
    if bad:
        raise UsageError(f"the image must be finite inside the mask, got {bad} pixels that are not")
