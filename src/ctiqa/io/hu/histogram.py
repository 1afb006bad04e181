"""The histogram that the rules of :mod:`ctiqa.io.hu.gate` use."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

SAMPLE_PIXELS = 32_768
"""Approximate number of pixels sampled; more would only take time."""

FLOOR_HU, CEILING_HU = -100_000, 6000
"""Values are clipped to this range; the extent of padding and metal is irrelevant to the scale."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Histogram in steps of 1 HU.

    Attributes:
        low: Value of the first step in HU.
        below: Number of pixels below each step, int64 [steps + 1]; the last is the total.

    >>> histogram = Histogram.of(np.int16([[-1000, 40], [40, 60]]))
    >>> histogram.share(0, 50), histogram.quantile(0.1), histogram.quantile(1)
    (0.5, -1000, 60)
    """

    low: int
    below: Counts

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Self:
        """Make the histogram of a sample of finite values, [rows, cols] or [slices, rows, cols]."""
        with np.errstate(over="ignore"):
            floats = np.floor(sample(values).astype(np.float32))
        whole = floats.clip(FLOOR_HU, CEILING_HU).astype(np.int64)
        low = int(whole.min())
        return cls(low, _running(np.bincount(whole.ravel() - low)))

    @property
    def pixels(self) -> int:
        """Number of pixels counted."""
        return int(self.below[-1])

    @property
    def counts(self) -> Counts:
        """Number of pixels in each step, int64 [steps]."""
        return np.diff(self.below)

    @property
    def top(self) -> int:
        """Value of the last step in HU."""
        return self.low + len(self.below) - 2

    def share(self, start: float = -math.inf, stop: float = math.inf) -> float:
        """Fraction of pixels with start ≤ value < stop, in [0, 1]."""
        last = len(self.below) - 1
        first, end = (int(min(max(edge - self.low, 0), last)) for edge in (start, stop))
        return int(self.below[end] - self.below[first]) / max(self.pixels, 1)

    def quantile(self, share: float) -> int:
        """Quantile: lowest value in HU at or below which at least this fraction of pixels is."""
        wanted = max(math.ceil(share * self.pixels), 1)
        return self.low + int(self.below[1:].searchsorted(wanted))

    def densest(self, start: int, stop: int, width: int) -> tuple[int, float]:
        """Start of the fullest interval of ``width`` HU in [start, stop), and its fraction."""
        steps = np.arange(start, stop - width + 1) - self.low
        last = len(self.below) - 1
        held = self.below[(steps + width).clip(0, last)] - self.below[steps.clip(0, last)]
        fullest = int(held.argmax())
        return start + fullest, float(held[fullest]) / max(self.pixels, 1)

    def without(self, values: Iterable[int]) -> Self:
        """The histogram without the pixels of these values, which must be within its range."""
        counts = self.counts
        counts[[value - self.low for value in values]] = 0
        return type(self)(self.low, _running(counts))


def sample(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A subsampled view of an image or stack; twice as dense along the rows.

    >>> sample(np.zeros((512, 512))).shape
    (128, 256)
    """
    step = max(int(math.sqrt(values.size / (2 * SAMPLE_PIXELS))), 1)
    return values[..., :: 2 * step, ::step] if step > 1 else values


def _running(counts: Counts) -> Counts:
    below = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=below[1:])
    return below
