"""Filters of reconstructed images, from gentle to destructive.

Vendors, researchers and anyone who wants a better score apply them. Their effect on quality is
decided by the label (:mod:`ctiqa.data.simulation.labels`), not here.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.data.simulation.learned_denoiser import denoise_by_network
from ctiqa.hu import WINDOWS, Window, apply_window
from ctiqa.types import HuImage

LOW_HU, SPAN_HU = -1024.0, 4096.0
"""Range that filters made for brightness in [0, 1] see."""

JPEG_WINDOW = Window(3000.0, 500.0)
"""What a JPEG file keeps: air to dense bone."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A family of filters.

    Attributes:
        apply: The slice, HU float32 [rows, cols], filtered with a strength; same shape.
        strengths: Rising strengths, in the unit of the family; draws lie between first and last.
        smooths: Finding of a strong filter: ``blurred``, ``denoised``, or empty for neither.
        whole: Whether strengths are odd integers.
    """

    apply: Callable[[HuImage, float], HuImage]
    strengths: tuple[float, ...]
    smooths: str = ""
    whole: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """A strength, log-uniform over the family."""
        low, high = self.strengths[0], self.strengths[-1]
        drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
        return float(2 * round((drawn - 1) / 2) + 1) if self.whole else drawn


def gaussian_filtered(hu: HuImage, sigma: float) -> HuImage:
    """Gaussian blur with a standard deviation in pixels."""
    return np.asarray(ndimage.gaussian_filter(hu, sigma), dtype=np.float32)


def median_filtered(hu: HuImage, size: float) -> HuImage:
    """Median of a square with so many pixels a side."""
    return np.asarray(ndimage.median_filter(hu, round(size)), dtype=np.float32)


def bilateral(hu: HuImage, sigma_hu: float) -> HuImage:
    """Mean of neighbours of like value: edges that stand out of the noise stay.

    Tomasi C, Manduchi R. ICCV 1998:839–846.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        sigma_hu: Standard deviation in HU of what counts as alike; in space it is 2 pixels.
    """
    from skimage.restoration import denoise_bilateral  # noqa: PLC0415 - slow to load

    filtered: Callable[..., HuImage] = denoise_bilateral
    share = sigma_hu / SPAN_HU
    return _in_hu(filtered(_brightness(hu), win_size=7, sigma_color=share, sigma_spatial=2.0))


def total_variation(hu: HuImage, weight: float) -> HuImage:
    """Total-variation denoising, the basis of many iterative reconstructions.

    Rudin LI, Osher S, Fatemi E. Physica D 60:259–268, 1992, by Chambolle's projection.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        weight: Weight of the variation, for brightness in units of 400 HU.
    """
    from skimage.restoration import denoise_tv_chambolle  # noqa: PLC0415 - slow to load

    scale = np.float32(400.0)
    filtered: Callable[..., HuImage] = denoise_tv_chambolle
    clean = filtered(hu / scale, weight=weight, max_num_iter=15) * scale
    return np.asarray(clean, dtype=np.float32)


def wavelets(hu: HuImage, sigma_hu: float) -> HuImage:
    """Wavelet shrinkage for white noise of a standard deviation in HU.

    Chang SG, Yu B, Vetterli M. IEEE Trans Image Process 9(9):1532–1546, 2000 (BayesShrink).
    """
    from skimage.restoration import denoise_wavelet  # noqa: PLC0415 - slow to load

    filtered: Callable[..., HuImage] = denoise_wavelet
    share = sigma_hu / SPAN_HU
    return _in_hu(filtered(_brightness(hu), sigma=share, wavelet="db2", mode="soft"))


def patches(hu: HuImage, factor: float) -> HuImage:
    """Non-local means, with a filter parameter in units of the estimated noise.

    Buades A, Coll B, Morel JM. CVPR 2005, 2:60–65.
    """
    from skimage.restoration import denoise_nl_means, estimate_sigma  # noqa: PLC0415 - slow to load

    filtered: Callable[..., HuImage] = denoise_nl_means
    estimate: Callable[[HuImage], float] = estimate_sigma
    sigma = float(estimate(hu))
    clean = filtered(hu, patch_size=3, patch_distance=4, h=factor * sigma, sigma=sigma)
    return np.asarray(clean, dtype=np.float32)


def resampled_filtered(hu: HuImage, factor: float) -> HuImage:
    """Resampled to a matrix smaller by a factor, and back."""
    sides = np.array(hu.shape)
    small = np.maximum(np.round(sides / factor), 8)
    less = ndimage.zoom(hu, small / sides, order=1, mode="nearest", grid_mode=True)
    back = ndimage.zoom(less, sides / np.array(less.shape), order=1, mode="nearest", grid_mode=True)
    return np.asarray(back, dtype=np.float32)


def windowed(hu: HuImage, narrowness: float) -> HuImage:
    """Stored with 8 bits per pixel in a window around soft tissue, 4096 HU wide at narrowness 1."""
    window = Window(SPAN_HU / narrowness, WINDOWS["soft"].level_hu)
    return _from_grey(_to_grey(hu, window), window)


def jpeg(hu: HuImage, loss: float) -> HuImage:
    """Stored as a JPEG file in a window of 3000 HU; ``loss`` is 100 minus the quality."""
    from PIL import Image  # noqa: PLC0415 - optional

    file = io.BytesIO()
    Image.fromarray(_to_grey(hu, JPEG_WINDOW)).save(file, "JPEG", quality=round(100 - loss))
    return _from_grey(np.asarray(Image.open(file)), JPEG_WINDOW)


def mixed(hu: HuImage, filtered: HuImage, share: float) -> HuImage:
    """Weighted mean of a slice and its filtered image, like levels of iterative reconstruction."""
    return np.asarray((1 - share) * hu + share * filtered, dtype=np.float32)


FILTERS: dict[str, Filter] = {
    "gaussian": Filter(gaussian_filtered, (0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0, 8.0), "blurred"),
    "median": Filter(median_filtered, (3.0, 5.0, 7.0, 9.0, 11.0), "denoised", whole=True),
    "bilateral": Filter(bilateral, (15.0, 30.0, 60.0, 120.0, 240.0), "denoised"),
    "patches": Filter(patches, (0.4, 0.6, 0.8, 1.2, 2.0), "denoised"),
    "total variation": Filter(total_variation, (0.03, 0.06, 0.12, 0.25, 0.5), "denoised"),
    "wavelets": Filter(wavelets, (5.0, 10.0, 20.0, 40.0, 80.0), "denoised"),
    "network": Filter(denoise_by_network, (0.2, 0.4, 0.6, 0.8, 1.0), "denoised"),
    "resampled": Filter(resampled_filtered, (1.1, 1.4, 2.0, 3.0, 4.0), "blurred"),
    "8 bits": Filter(windowed, (1.0, 2.0, 4.0, 8.0)),
    "JPEG": Filter(jpeg, (10.0, 30.0, 60.0, 80.0, 95.0)),
}
"""Families of filters, by name."""


def _to_grey(hu: HuImage, window: Window) -> npt.NDArray[np.uint8]:
    return np.round(apply_window(hu, window) * 255).astype(np.uint8)


def _from_grey(grey: npt.NDArray[np.uint8], window: Window) -> HuImage:
    low, high = window.range_hu
    return np.asarray(grey / np.float32(255) * (high - low) + low, dtype=np.float32)


def _brightness(hu: HuImage) -> HuImage:
    return np.asarray((hu - np.float32(LOW_HU)) / np.float32(SPAN_HU), dtype=np.float32)


def _in_hu(brightness: HuImage) -> HuImage:
    return np.asarray(brightness * np.float32(SPAN_HU) + np.float32(LOW_HU), dtype=np.float32)
