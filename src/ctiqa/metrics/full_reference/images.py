"""Common parts of the full-reference measures: windowing of a pair, local windows inside a mask.

A measure with a local window uses the windows that lie entirely inside the mask. Pixels outside
the mask therefore have no influence, and with a mask of the whole image the measures equal the
programs of their authors, which use no window that crosses the border either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.errors import UsageError

if TYPE_CHECKING:
    from ctiqa.types import HuImage

Mask = npt.NDArray[np.bool_]
"""Pixels that count, bool [rows, cols]."""

Image = npt.NDArray[np.float64]
"""Brightness in [0, 1], or values computed from it, float64 [rows, cols]."""

RealImage = npt.NDArray[np.floating[Any]]
"""Like :data:`Image`, but float32 for simulated labels."""

Mean = Callable[[RealImage], RealImage]
"""Computes the weighted mean in every window of an image."""

GREYS = 255.0
"""Grey range of the papers; their constants are divided by its square for [0, 1]."""

Pixel = TypeVar("Pixel", bound=np.generic)


class DataWindow(Protocol):
    """A display window, such as :class:`ctiqa.hu.Window`."""

    @property
    def range_hu(self) -> tuple[float, float]:
        """Black and white in HU."""


def check_pair(image: HuImage, reference: HuImage, mask: Mask) -> None:
    """Refuse a pair that cannot be compared.

    Raises:
        UsageError: If the shapes differ or the mask is empty.
    """
    if not image.shape == reference.shape == mask.shape:
        raise UsageError(
            "'image', 'reference' and 'mask' must have one shape, got "
            f"{image.shape}, {reference.shape} and {mask.shape}"
        )
    if not mask.any():
        raise UsageError("'mask' must hold at least one pixel, got none")


def check_finite(image: HuImage, reference: HuImage, mask: Mask) -> None:
    """Refuse a pair that is not finite inside the mask.

    Raises:
        UsageError: If a pixel inside the mask is not finite.
    """
    for name, hu in (("image", image), ("reference", reference)):
        bad = int(np.count_nonzero(~np.isfinite(hu[mask])))
        if bad:
            raise UsageError(
                f"'{name}' must be finite inside the mask, got {bad} pixels that are not"
            )


def windowed_pair(
    image: HuImage, reference: HuImage, mask: Mask, window: DataWindow
) -> tuple[Image, Image]:
    """Convert a pair in HU to brightness in [0, 1].

    Double precision, because variances are differences of large numbers.

    Args:
        image: CT numbers in HU [rows, cols].
        reference: CT numbers of the reference in HU, same shape.
        mask: Pixels that count, bool [rows, cols]; only these must be finite.
        window: Display window; values below it become 0, above it 1.

    Returns:
        Brightness of ``image`` and of ``reference``, float64 [rows, cols].

    Raises:
        UsageError: If the images are not [rows, cols], the shapes differ, the mask is empty, or a
            pixel inside it is not finite.

    >>> from ctiqa.hu import Window
    >>> hu = np.float32([[-135, 40, 500]])
    >>> windowed_pair(hu, hu, np.ones(hu.shape, bool), Window(350, 40))[0].tolist()
    [[0.0, 0.5, 1.0]]
    """
    check_pair(image, reference, mask)
    if mask.ndim != 2:
        raise UsageError(f"'image' must be [rows, cols], got shape {image.shape}")
    check_finite(image, reference, mask)
    return brightness(image, window), brightness(reference, window)


def brightness(hu: HuImage, window: DataWindow) -> npt.NDArray[np.float64]:
    """Brightness of CT numbers in a window, float64; :func:`ctiqa.hu.apply_window` gives float32.

    >>> from ctiqa.hu import Window
    >>> brightness(np.float32([-135, 40, 500]), Window(350, 40)).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = window.range_hu
    return np.clip((np.asarray(hu, dtype=np.float64) - low) / (high - low), 0.0, 1.0)


def windows_inside(mask: Mask, size: int, *, halvings: int = 0) -> Mask:
    """Positions at which a square window lies entirely inside the mask.

    Args:
        mask: Pixels that count [rows, cols].
        size: Side of the window in pixels.
        halvings: How often the mask was halved before; used in the error message only.

    Returns:
        bool [rows - size + 1, cols - size + 1], like the output of :func:`filtered`.

    Raises:
        UsageError: If the mask holds no such window.

    >>> windows_inside(np.array([[True, True, False], [True, True, True]]), 2).tolist()
    [[True, False]]
    """
    least = ndimage.minimum_filter(mask, size)
    inside: Mask = least[_whole(size, mask.shape[0]), _whole(size, mask.shape[1])]
    if not inside.any():
        raise UsageError(
            f"'mask' must hold a square of at least {size << halvings} pixels a side "
            "for this measure, got none"
        )
    return inside


def filtered(image: RealImage, down: Image, across: Image) -> RealImage:
    """Weighted sum in every window that lies entirely inside the image (correlation).

    Args:
        image: [rows, cols].
        down: Weights along the rows' axis [m].
        across: Weights along the columns' axis [n].

    Returns:
        float64 [rows - m + 1, cols - n + 1].

    >>> filtered(np.array([[1.0, 2, 4], [1, 2, 4]]), np.array([0.5, 0.5]), np.array([-1.0, 1]))
    array([[1., 2.]])
    """
    sums = ndimage.correlate1d(ndimage.correlate1d(image, down, axis=0), across, axis=1)
    rows, cols = image.shape
    return np.asarray(sums[_whole(len(down), rows), _whole(len(across), cols)])


def _whole(size: int, length: int) -> slice:
    """Where SciPy centres the windows that do not cross the border."""
    return slice(size // 2, max(length - size + 1, 0) + size // 2)


def gaussian(size: int, sigma: float) -> Image:
    """Weights of a Gaussian window, float64 [size], sum 1.

    >>> gaussian(3, 1.0).round(3).tolist()
    [0.274, 0.452, 0.274]
    """
    weights = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def window_mean(weights: Image) -> Mean:
    """A function that averages every window inside an image, weighted along both axes.

    >>> window_mean(np.full(2, 0.5))(np.array([[1.0, 2, 4], [1, 2, 4]])).tolist()
    [[1.5, 3.0]]
    """
    return lambda image: filtered(image, weights, weights)


def similarity_map(a: RealImage, b: RealImage, constant: float) -> RealImage:
    """Similarity of two images per pixel, (2ab + c)/(a² + b² + c); 1 where they are equal.

    >>> similarity_map(np.array([3.0, 3.0]), np.array([3.0, 0.0]), 1.0).tolist()
    [1.0, 0.1]
    """
    return np.asarray((2 * a * b + constant) / (a**2 + b**2 + constant))


class Moments(NamedTuple):
    """Weighted means, variances and covariance in every window, each [rows, cols]."""

    mean_a: RealImage
    mean_b: RealImage
    var_a: RealImage
    var_b: RealImage
    cov: RealImage

    def clipped(self) -> Moments:
        """With negative variances, which rounding can leave in flat windows, set to 0."""
        return self._replace(var_a=np.maximum(self.var_a, 0), var_b=np.maximum(self.var_b, 0))


def local_moments(a: RealImage, b: RealImage, mean: Mean, *, unbiased: float = 1.0) -> Moments:
    """Moments of two images in every window; rounding may make variances slightly negative.

    Args:
        a: One image.
        b: The other image, same shape and type.
        mean: Computes the mean in every window.
        unbiased: Factor of variances and covariance: n/(n - 1) for the sample statistics.

    >>> ramp = np.tile(np.arange(3.0), (3, 1))
    >>> local_moments(ramp, -ramp, window_mean(np.full(3, 1 / 3))).cov.round(3).tolist()
    [[-0.667]]
    """
    mean_a, mean_b = mean(a), mean(b)
    var_a = unbiased * (mean(a * a) - mean_a**2)
    var_b = unbiased * (mean(b * b) - mean_b**2)
    return Moments(mean_a, mean_b, var_a, var_b, unbiased * (mean(a * b) - mean_a * mean_b))


def halved(image: Image) -> Image:
    """Half resolution: means of 2×2 pixels; an odd last row or column is dropped.

    >>> halved(np.array([[0.0, 1, 9], [1, 2, 9]])).tolist()
    [[1.0]]
    """
    return np.asarray(_squares(image).mean(axis=(1, 3)))


def halved_mask(mask: Mask) -> Mask:
    """Half resolution of a mask: whether all 2×2 pixels are inside.

    >>> halved_mask(np.array([[True, True, True, True], [True, True, False, True]])).tolist()
    [[True, False]]
    """
    return np.asarray(_squares(mask).all(axis=(1, 3)))


def _squares(image: npt.NDArray[Pixel]) -> npt.NDArray[Pixel]:
    rows, cols = (length // 2 for length in image.shape)
    return image[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2)
