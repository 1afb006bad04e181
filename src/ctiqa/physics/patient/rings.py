"""Power of small squares of an image in rings of spatial frequency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ctiqa.types import Floats, HuImage

PORTION = 100
"""Number of squares that are transformed at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Rings of frequency of a square of ``side`` pixels, one step of frequency wide.

    The last ring holds everything beyond the Nyquist frequency, in the corners of the spectrum.

    Attributes:
        side: Side of the square in pixels.
        weight: Bins of a real FFT to the mean of each ring, float32 [side · (side // 2 + 1), n].
        bins: Number of bins of the full FFT in each ring, float64 [n].
        frequency_per_mm: Root mean square frequency of each ring in cycles/mm, float64 [n].
        step_per_mm: Width of a ring in cycles/mm.
        area_mm2: Area of the square in mm².
    """

    side: int
    weight: npt.NDArray[np.float32]
    bins: Floats
    frequency_per_mm: Floats
    step_per_mm: float
    area_mm2: float


@lru_cache(maxsize=8)
def rings_of(side: int, spacing_mm: tuple[float, float]) -> Rings:
    """The rings of squares of ``side`` pixels.

    >>> rings = rings_of(10, (1.0, 1.0))
    >>> float(rings.bins.sum()), rings.frequency_per_mm[:3].round(2).tolist()
    (100.0, [0.0, 0.12, 0.22])
    """
    down = np.fft.fftfreq(side, spacing_mm[0])
    across = np.fft.rfftfreq(side, spacing_mm[1])
    radius = np.hypot(down[:, None], across[None]).ravel()
    step = 1 / (side * max(spacing_mm))
    index = np.minimum(np.rint(radius / step).astype(int), side // 2 + 1)
    times = np.full((side, across.size), 2.0)
    times[:, 0] = 1
    times[:, -1] = 2 if side % 2 else 1
    bins = np.bincount(index, times.ravel()).astype(np.float64)
    square = np.bincount(index, times.ravel() * radius**2) / bins
    weight = np.zeros((radius.size, bins.size), dtype=np.float32)
    weight[np.arange(radius.size), index] = times.ravel() / bins[index]
    area = side**2 * spacing_mm[0] * spacing_mm[1]
    return Rings(side, weight, bins, np.sqrt(square), step, area)


def ring_powers(squares: HuImage, rings: Rings) -> Floats:
    """Mean power of every square in every ring; the sum over all bins is the variance.

    The squares are multiplied by a Hann window, so that structure of low frequency does not leak
    into the higher ones; their mean plane is subtracted.

    Args:
        squares: CT numbers in HU, float32 [squares, side, side].
        rings: The rings of this side.

    Returns:
        Power in HU², float64 [squares, rings].

    >>> white = np.random.default_rng(0).normal(0, 5, (400, 12, 12)).astype("float32")
    >>> rings = rings_of(12, (0.7, 0.7))
    >>> power = ring_powers(white, rings).mean(axis=0)
    >>> bool(abs((power * rings.bins)[2:].sum() / rings.bins[2:].sum() * 144 / 25 - 1) < 0.03)
    True
    """
    # In portions that stay in the cache of the processor.
    parts = [_powers(squares[at : at + PORTION], rings) for at in range(0, len(squares), PORTION)]
    return np.concatenate(parts).astype(np.float64)


def _powers(squares: HuImage, rings: Rings) -> npt.NDArray[np.float32]:
    window, plane = _window_and_plane(rings.side)
    flat = squares.reshape(len(squares), -1)
    level = flat - (flat @ plane) @ plane.T
    spectra = np.fft.rfft2(level.reshape(squares.shape) * window)
    power = spectra.real**2 + spectra.imag**2
    return np.asarray(power.reshape(len(squares), -1) @ rings.weight)


@lru_cache(maxsize=8)
def _window_and_plane(side: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Window of mean square side⁻⁴ [side, side], and orthonormal planes [side², 3]."""
    position = np.linspace(-1, 1, side)
    rows, cols = np.meshgrid(position, position, indexing="ij")
    flat = np.stack([np.ones(side**2), rows.ravel(), cols.ravel()], axis=1)
    hann = np.hanning(side + 2)[1:-1]
    square: Floats = np.outer(hann, hann)
    window = square / (np.sqrt((square**2).mean()) * side**2)
    return window.astype(np.float32), (flat / np.linalg.norm(flat, axis=0)).astype(np.float32)
