"""Phantoms with edges of known sharpness, and noise of known level and spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from ctiqa.physics import Kernel

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

AIR = -1000.0


@dataclass(frozen=True)
class Ellipse:
    """An ellipse of uniform material; half axes and centre in mm."""

    hu: float
    a_mm: float
    b_mm: float
    x_mm: float = 0.0
    y_mm: float = 0.0

    def inside_mm(self, x: Floats, y: Floats) -> Floats:
        """Distance from the edge, positive inside, exact to first order."""
        u, v = (x - self.x_mm) / self.a_mm, (y - self.y_mm) / self.b_mm
        radius = np.maximum(np.hypot(u, v), 1e-9)
        return np.asarray((1 - radius) * radius / np.hypot(u / self.a_mm, v / self.b_mm))


def painted(
    ellipses: list[Ellipse], side: int, spacing_mm: float, *, sigma_mm: float = 0.6
) -> Floats:
    """Ellipses over air, each over those before, as a Gaussian point spread function shows them."""
    row, col = np.mgrid[:side, :side].astype(np.float64)
    # Off the grid, so that no edge is a mirror image of another.
    x, y = ((each - side / 2 + shift) * spacing_mm for each, shift in ((col, 0.2), (row, -0.3)))
    hu = np.full((side, side), AIR)
    margin = 5 * sigma_mm
    for each in ellipses:
        rows = np.abs(y[:, 0] - each.y_mm) < each.b_mm + margin
        cols = np.abs(x[0] - each.x_mm) < each.a_mm + margin
        near = np.ix_(rows, cols)
        depth = each.inside_mm(x[near], y[near])
        covered = (1 + special.erf(depth / (sigma_mm * np.sqrt(2)))) / 2
        hu[near] += covered * (each.hu - hu[near])
    return hu


def disc(radius_mm: float, hu: float = 0.0, *, side: int = 256, spacing_mm: float = 1.4) -> Floats:
    """A disc in air."""
    return painted([Ellipse(hu, radius_mm, radius_mm)], side, spacing_mm)


def anatomy(rng: np.random.Generator, side: int = 320, spacing_mm: float = 1.0) -> Floats:
    """A trunk without noise: fat, muscle, organs, ribs, spine, gas, and 250 vessels."""
    parts = [
        Ellipse(-100, 145, 105),
        Ellipse(55, 125, 85),
        Ellipse(35, 110, 70),
        Ellipse(110, 55, 45, -45, -15),
        Ellipse(-100, 25, 15, 45, 10),
        Ellipse(400, 18, 15, 0, 60),
        Ellipse(250, 13, 10, 0, 60),
        Ellipse(-900, 14, 9, 35, -35),
        *(Ellipse(600, 7, 4, 115 * np.cos(t), 78 * np.sin(t)) for t in np.arange(0, 6.28, 0.45)),
    ]
    for _ in range(250):
        radius, angle = np.sqrt(rng.uniform(0, 1)), rng.uniform(0, 2 * np.pi)
        size = rng.uniform(0.7, 3.5)
        x, y = 105 * radius * np.cos(angle), 66 * radius * np.sin(angle)
        parts.append(Ellipse(rng.choice([-60, 90, 150, 200]), size, size, x, y))
    return painted(parts, side, spacing_mm)


def noise(
    shape: tuple[int, int], spacing_mm: float, kernel: Kernel | None, rng: np.random.Generator
) -> Floats:
    """Noise of SD 1 with the spectrum of a reconstruction, f·W(f)²; white without a kernel."""
    white = rng.standard_normal(shape)
    if kernel is None:
        return white
    f = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, spacing_mm) for n in shape), indexing="ij"))
    filtered = np.fft.ifft2(np.fft.fft2(white) * np.sqrt(f) * kernel.weight(f)).real
    return np.asarray(filtered / filtered.std())


def stored(hu: npt.NDArray[np.floating]) -> Image:
    """As a scanner stores it: whole numbers, nothing below -1024."""
    return np.asarray(np.maximum(np.rint(hu), -1024), dtype=np.float32)
