"""Objects whose projections are known by formula, and where their pixels lie.

x runs to the right, y downwards, both in mm from the isocentre. Nothing here uses the projector
or the reconstruction under test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import settings

from ctiqa.physics import FanBeam

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

MU_WATER = 0.0193
"""Attenuation of water in mm⁻¹, written again so that a slip in the package shows."""

DISTANT_MM = 1.0e6
"""A source so far away that the fan is a parallel beam."""

STEADY = settings(max_examples=25)
"""Fewer examples, each of which is projected."""


def f32(*values: float) -> Image:
    """Numbers as the package takes them: float32, one row [1, n]."""
    return np.array([values], dtype=np.float32)


def grid(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> tuple[Floats, Floats]:
    """x and y of every pixel centre in mm, [rows, cols] each."""
    row, col = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    x = (col - (shape[1] - 1) / 2) * spacing_mm[1]
    y = (row - (shape[0] - 1) / 2) * spacing_mm[0]
    return x, y


@dataclass(frozen=True)
class Disc:
    """A disc of radius ``r_mm`` around (``x_mm``, ``y_mm``)."""

    x_mm: float
    y_mm: float
    r_mm: float

    def image(self, shape: tuple[int, int], spacing_mm: tuple[float, float]) -> Image:
        """Share of every pixel that the disc covers, from 8×8 samples a pixel."""
        fine = (shape[0] * 8, shape[1] * 8)
        x, y = grid(fine, (spacing_mm[0] / 8, spacing_mm[1] / 8))
        covered = np.hypot(x - self.x_mm, y - self.y_mm) < self.r_mm
        blocks = covered.reshape(shape[0], 8, shape[1], 8)
        return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)

    def holds(self, x: Floats, y: Floats, *, margin_mm: float = 0.0) -> npt.NDArray[np.bool_]:
        """Whether points lie inside, at least ``margin_mm`` from the edge."""
        return np.asarray(np.hypot(x - self.x_mm, y - self.y_mm) < self.r_mm - margin_mm)

    def chords_mm(self, scan: FanBeam) -> Floats:
        """Length of every ray inside the disc: 2√(r² − d²), d the ray's distance, in mm."""
        angle, offset = scan.angles_rad[:, None], scan.offsets_mm[None]
        source_x, source_y = -scan.source_to_iso_mm * np.sin(angle), np.cos(angle)
        source_y = source_y * scan.source_to_iso_mm
        along_x, along_y = offset * np.cos(angle) - source_x, offset * np.sin(angle) - source_y
        cross = (self.x_mm - source_x) * along_y - (self.y_mm - source_y) * along_x
        distance = np.abs(cross) / np.hypot(along_x, along_y)
        return np.asarray(2 * np.sqrt(np.maximum(self.r_mm**2 - distance**2, 0.0)))


@dataclass(frozen=True)
class Blob:
    """A Gaussian hill; its parallel projection is a Gaussian again."""

    x_mm: float
    y_mm: float
    sigma_mm: float
    height: float

    def image(self, x: Floats, y: Floats) -> Floats:
        """Height at every point."""
        square = (x - self.x_mm) ** 2 + (y - self.y_mm) ** 2
        return np.asarray(self.height * np.exp(-square / (2 * self.sigma_mm**2)))

    def projection(
        self, angles_rad: npt.NDArray[np.floating], offsets_mm: npt.NDArray[np.floating]
    ) -> Floats:
        """Parallel line integrals [angles, offsets] along s = x·cos + y·sin."""
        centre = self.x_mm * np.cos(angles_rad) + self.y_mm * np.sin(angles_rad)
        square = (offsets_mm[None] - centre[:, None]) ** 2
        peak = self.height * self.sigma_mm * math.sqrt(2 * math.pi)
        return np.asarray(peak * np.exp(-square / (2 * self.sigma_mm**2)))


BLOBS = (Blob(20, -10, 8, 1.0), Blob(-25, 15, 12, 0.6), Blob(5, 25, 6, 0.8))
"""Asymmetric in both axes, so that any flip or rotation is detected."""


def rms(values: npt.NDArray[np.floating]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
