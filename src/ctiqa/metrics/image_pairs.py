"""Public full-reference metrics for pairs and batches of slices, as NumPy arrays or torch tensors.

Arguments, results and errors are those described in :mod:`ctiqa.metrics`; the formulas are in
:mod:`ctiqa.metrics.full_reference`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ctiqa.arrays import AnyArray, as_numpy
from ctiqa.errors import UsageError
from ctiqa.metrics.full_reference.gmsd import gmsd
from ctiqa.metrics.full_reference.haarpsi import haarpsi
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.metrics.full_reference.ms_ssim import ms_ssim
from ctiqa.metrics.full_reference.psnr import psnr
from ctiqa.metrics.full_reference.rmse import rmse
from ctiqa.metrics.full_reference.ssim import ssim
from ctiqa.metrics.full_reference.vif import vif

PerSlice = float | npt.NDArray[np.float64]
"""A float for one slice, float64 [n] for a batch."""


class HasRange(Protocol):
    """A display window, such as :class:`ctiqa.Window`."""

    @property
    def range_hu(self) -> tuple[float, float]:
        """Black and white in HU."""


DataRange = tuple[float, float] | HasRange
"""Black and white in HU: a pair, or a window."""


def root_mean_squared_error(
    image: AnyArray,
    reference: AnyArray,
    *,
    data_range: DataRange | None,
    mask: AnyArray | None = None,
) -> PerSlice:
    """Root mean squared error inside the mask in HU, ≥ 0; 0 for equal images, lower is better.

    √⟨(image − reference)²⟩, both clipped to ``data_range``; ``None`` clips nothing. Gauss, Theoria
    combinationis, 1823.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.zeros((2, 16, 16), dtype=np.float32)
    >>> root_mean_squared_error(hu + 3, hu, data_range=None).tolist()
    [3.0, 3.0]
    >>> root_mean_squared_error(hu[0] + 500, hu[0], data_range=(-160, 240))
    240.0
    """
    return _each(rmse, image, reference, data_range, mask)


def peak_signal_noise_ratio(
    image: AnyArray,
    reference: AnyArray,
    *,
    data_range: DataRange | None,
    mask: AnyArray | None = None,
) -> PerSlice:
    """Peak signal-to-noise ratio inside the mask in dB, ≥ 0; higher is better.

    20·log₁₀(peak / RMSE). The peak is the width of ``data_range``; for ``None``, which clips
    nothing, it is 4095 HU, the span of 12 bits. Equal images give infinity.

    Huynh-Thu Q, Ghanbari M. Scope of validity of PSNR in image/video quality assessment. Electron
    Lett 44(13):800–801, 2008.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.zeros((16, 16), dtype=np.int16)
    >>> peak_signal_noise_ratio(hu + 4, hu, data_range=(-160, 240))
    40.0
    >>> peak_signal_noise_ratio(hu, hu, data_range=(-160, 240))
    inf
    """
    return _each(psnr, image, reference, data_range, mask)


def structural_similarity(
    image: AnyArray, reference: AnyArray, *, data_range: DataRange, mask: AnyArray | None = None
) -> PerSlice:
    """Mean structural similarity (SSIM) inside the mask, in [-1, 1]; 1 for equal images.

    Gaussian windows of 11×11 pixels with σ = 1.5 that lie entirely inside the mask; C₁ = 0.01² and
    C₂ = 0.03² of the squared data range. Same as scikit-image with ``gaussian_weights=True,
    use_sample_covariance=False``. Wang Z, Bovik AC, Sheikh HR, Simoncelli EP. Image quality
    assessment: from error visibility to structural similarity. IEEE Trans Image Process
    13(4):600–612, 2004.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.random.default_rng(0).normal(40, 50, (2, 32, 32))
    >>> structural_similarity(hu, hu, data_range=(-160, 240)).round(6).tolist()
    [1.0, 1.0]
    >>> mask = np.ones((32, 32), dtype=bool)
    >>> round(structural_similarity(80 - hu[0], hu[0], data_range=(-160, 240), mask=mask), 2)
    -0.93
    """
    return _each(ssim, image, reference, data_range, mask)


def multiscale_structural_similarity(
    image: AnyArray, reference: AnyArray, *, data_range: DataRange, mask: AnyArray | None = None
) -> PerSlice:
    """Multi-scale structural similarity (MS-SSIM) inside the mask, in [0, 1]; 1 for equal images.

    Contrast and structure of SSIM at five scales, each with half the resolution of the previous
    one, and luminance at the coarsest. The mask must hold 176×176 pixels.

    Wang Z, Simoncelli EP, Bovik AC. Multiscale structural similarity for image quality assessment.
    37th Asilomar Conference on Signals, Systems and Computers, 1398–1402, 2003.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.random.default_rng(0).normal(40, 50, (176, 176))
    >>> round(multiscale_structural_similarity(hu, hu, data_range=(-160, 240)), 6)
    1.0
    """
    return _each(ms_ssim, image, reference, data_range, mask)


def visual_information_fidelity(
    image: AnyArray, reference: AnyArray, *, data_range: DataRange, mask: AnyArray | None = None
) -> PerSlice:
    """Visual information fidelity (VIFp) inside the mask, ≥ 0; 1 for equal images.

    Share of the information in the reference that an observer can still extract from the image, in
    the pixel domain. Values above 1 mean more contrast than in the reference; NaN if the reference
    is constant in the range. Not symmetric. The mask must hold about 41×41 pixels.

    Sheikh HR, Bovik AC. Image information and visual quality. IEEE Trans Image Process
    15(2):430–444, 2006.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.random.default_rng(0).normal(40, 50, (64, 64))
    >>> round(visual_information_fidelity(hu, hu, data_range=(-160, 240)), 6)
    1.0
    >>> visual_information_fidelity(20 + hu / 2, hu, data_range=(-160, 240)) < 1
    True
    """
    return _each(vif, image, reference, data_range, mask)


def gradient_magnitude_similarity_deviation(
    image: AnyArray, reference: AnyArray, *, data_range: DataRange, mask: AnyArray | None = None
) -> PerSlice:
    """Gradient magnitude similarity deviation (GMSD) inside the mask, in [0, 0.5]; lower is better.

    How unevenly the degradation of edges is distributed; 0 for equal images. The mask must hold
    6×6 pixels. Xue W, Zhang L, Mou X, Bovik AC.
    Gradient magnitude similarity deviation: a highly efficient perceptual image quality index.
    IEEE Trans Image Process 23(2):684–695, 2014.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.random.default_rng(0).normal(40, 50, (32, 32))
    >>> gradient_magnitude_similarity_deviation(hu, hu, data_range=(-160, 240))
    0.0
    """
    return _each(gmsd, image, reference, data_range, mask)


def haar_perceptual_similarity(
    image: AnyArray, reference: AnyArray, *, data_range: DataRange, mask: AnyArray | None = None
) -> PerSlice:
    """Haar wavelet-based similarity (HaarPSI) inside the mask, in [0, 1]; 1 for equal images.

    NaN if both images are constant in the range. The mask must hold 16×16 pixels.

    Reisenhofer R, Bosse S, Kutyniok G, Wiegand T. A Haar wavelet-based perceptual similarity index
    for image quality assessment. Signal Process Image Commun 61:33–43, 2018.

    Arguments and errors: see :mod:`ctiqa.metrics`.

    >>> hu = np.random.default_rng(0).normal(40, 50, (32, 32))
    >>> round(haar_perceptual_similarity(hu, hu, data_range=(-160, 240)), 6)
    1.0
    """
    return _each(haarpsi, image, reference, data_range, mask)


UNCLIPPED: tuple[object, ...] = (psnr, rmse)
"""Measures that accept ``data_range=None``."""


@dataclass(frozen=True, slots=True)
class _RangeWindow:
    """A range in the form of a display window."""

    range_hu: tuple[float, float]


def _each(
    measure: Callable[[Any, Any, Mask, Any], float],
    image: AnyArray,
    reference: AnyArray,
    data_range: DataRange | None,
    mask: AnyArray | None,
) -> PerSlice:
    """Apply a measure to one pair or to each pair of a batch."""
    a, b = _images(image, "image"), _images(reference, "reference")
    if a.shape != b.shape:
        raise UsageError(
            f"'image' and 'reference' must have one shape, got {a.shape} and {b.shape}; measure "
            "slices of different sizes pair by pair"
        )
    unclipped = data_range is None and measure in UNCLIPPED
    window = None if unclipped else _RangeWindow(_range(data_range))
    slices = a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:])
    pairs = zip(*slices, _masks(mask, slices[0].shape), strict=True)
    values = np.array([measure(x, y, counted, window) for x, y, counted in pairs])
    return float(values[0]) if a.ndim == 2 else values


def _images(given: AnyArray, name: str) -> npt.NDArray[np.floating]:
    images = as_numpy(given, name)
    if images.dtype.kind not in "iuf":
        raise UsageError(f"'{name}' must hold real numbers in HU, got dtype {images.dtype}")
    with_channel = images.ndim == 4 and images.shape[1] == 1
    if not (images.ndim in {2, 3} or with_channel) or images.size == 0:
        raise UsageError(
            f"'{name}' must be [rows, cols], [n, rows, cols] or [n, 1, rows, cols] and not empty, "
            f"got shape {images.shape}"
        )
    # Differences of unsigned integers wrap around, and squares overflow in half precision.
    exact = images.dtype.kind == "f" and images.dtype.itemsize >= 4
    return images if exact else images.astype(np.float64)


def _masks(given: AnyArray | None, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """The mask of each slice, bool [n, rows, cols]."""
    if given is None:
        return np.ones(shape, dtype=bool)
    mask = as_numpy(given, "mask")
    if mask.dtype != np.bool_:
        raise UsageError(f"'mask' must be bool, got dtype {mask.dtype}; compare it, say mask > 0")
    if mask.ndim == 4 and mask.shape[1] == 1:
        mask = mask[:, 0]
    if mask.shape not in {shape, shape[1:]}:
        raise UsageError(
            f"'mask' must be [rows, cols] or [n, rows, cols] like the images, {shape}, got "
            f"{mask.shape}"
        )
    return np.broadcast_to(mask, shape)


def _range(given: DataRange | None) -> tuple[float, float]:
    """Black and white in HU.

    >>> _range((-160, 240))
    (-160.0, 240.0)
    """
    ends: Any = getattr(given, "range_hu", given)
    try:
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(
            f"'data_range' must be (low, high) in HU, rising, or a window, got {given!r}; soft "
            "tissue is (-160, 240)"
        )
    return low, high
