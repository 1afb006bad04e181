"""A slice reconstructed on another field of view: the same anatomy at another pixel spacing."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.hu import AIR_HU, body_mask
from ctiqa.types import HuImage

SMALLEST, LARGEST = 0.8, 1.25
"""Factors that slices are resized by, at least and at most."""

MARGIN = 0.95
"""Share of the image that an enlarged patient may fill, so that nothing is cut off."""


def draw_factor(hu: HuImage, rng: np.random.Generator) -> float:
    """A log-uniform factor of size; a patient is not enlarged beyond the image.

    Args:
        hu: CT numbers in HU [rows, cols].
        rng: Random generator.

    Returns:
        A factor from :data:`SMALLEST` to :data:`LARGEST`; above 1 the patient becomes larger.
    """
    largest = min(max(MARGIN * _room(hu), 1.0), LARGEST)
    return math.exp(rng.uniform(math.log(SMALLEST), math.log(largest)))


def resize(hu: HuImage, factor: float) -> HuImage:
    """A slice with the patient larger or smaller by a factor, around the patient's centre.

    Args:
        hu: CT numbers in HU [rows, cols].
        factor: Size of the patient in pixels, relative to before. Pixels become smaller by it in
            mm.

    Returns:
        CT numbers in HU, float32, of the same shape, interpolated with cubic splines; air around
        what was the image.

    Examples:
        >>> slice_hu = np.full((64, 64), -1000, np.float32)
        >>> slice_hu[24:40, 24:40] = 40
        >>> smaller = resize(slice_hu, 0.8)
        >>> int((slice_hu > -480).sum()), int((smaller > -480).sum())
        (256, 144)
    """
    middle = (np.array(hu.shape) - 1) / 2
    centre = _centre(hu)
    offset = centre - middle / factor
    resized = ndimage.affine_transform(
        hu, (1 / factor, 1 / factor), offset, order=3, mode="constant", cval=AIR_HU
    )
    # Splines overshoot at edges; what was in range stays in range.
    return np.asarray(np.clip(resized, hu.min(), hu.max()), dtype=np.float32)


def _extent(hu: HuImage) -> tuple[slice, slice] | None:
    found = ndimage.find_objects(body_mask(hu).astype(np.uint8))
    return found[0] if found else None


def _centre(hu: HuImage) -> npt.NDArray[np.float64]:
    extent = _extent(hu) or tuple(slice(0, size) for size in hu.shape)
    return np.array([(part.start + part.stop - 1) / 2 for part in extent])


def _room(hu: HuImage) -> float:
    """Factor by which the patient can grow until the image is filled in one direction."""
    extent = _extent(hu)
    if extent is None:
        return 1.0
    sizes = [part.stop - part.start for part in extent]
    return float(min(whole / size for whole, size in zip(hu.shape, sizes, strict=True)))
