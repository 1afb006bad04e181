"""What is no patient, made from the example scan or drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from scipy import ndimage
from tests.physics.patient.made import Ellipse, Floats, Image, noise, painted, stored

import ctiqa
from ctiqa.io.formats import read_here
from ctiqa.physics.kernels import STANDARD_KERNEL

EXAMPLE_PIXEL = (0.646, 0.646)


@cache
def example() -> tuple[Image, ...]:
    """The slices of the example chest."""
    folder = Path(ctiqa.__file__).parent / "assets" / "example"
    return tuple(read_here(header).hu for header in ctiqa.read_scans(folder).scans[0].headers)


def clipped(hu: Floats) -> Image:
    """As it is read: nothing below -1024."""
    return np.asarray(np.maximum(hu, -1024), dtype=np.float32)


def scanned(drawing: Floats, level_hu: float, spacing_mm: float) -> Image:
    """A drawing with the noise of a standard kernel."""
    made = noise(drawing.shape, spacing_mm, STANDARD_KERNEL, np.random.default_rng(0))
    return stored(drawing + level_hu * made)


def water(side: int = 320) -> Floats:
    """A cylinder of water in a plastic wall."""
    return painted([Ellipse(120, 110, 110), Ellipse(0, 105, 105)], side, 1.0)


def rods(side: int = 320) -> Floats:
    """An oval cylinder with rods of plastic, one of them as dense as bone."""
    around = [
        Ellipse(value, 9, 9, 50 * float(np.cos(angle)), 40 * float(np.sin(angle)))
        for value, angle in zip((-900, -100, 120, 340, 900), np.arange(5) * 1.26, strict=True)
    ]
    return painted([Ellipse(10, 120, 95), *around], side, 1.0)


def magnetic_resonance(hu: Image) -> Floats:
    """T1-weighted: fat is bright, air and bone are dark; uneven coil, Rician noise."""
    rng = np.random.default_rng(0)
    tissue = [-1024, -950, -500, -110, -60, 20, 60, 120, 250, 700, 1500, 3000]
    signal = np.interp(
        ndimage.gaussian_filter(hu, 1.0),
        tissue,
        [0, 5, 60, 900, 700, 300, 380, 450, 300, 80, 30, 10],
    )
    coil = ndimage.gaussian_filter(rng.standard_normal(hu.shape), 80)
    signal *= 1 + 0.25 * coil / coil.std()
    noisy = signal + rng.normal(0, 15, hu.shape)
    return np.asarray(np.hypot(noisy, rng.normal(0, 15, hu.shape)))


def scout(slices: tuple[Image, ...]) -> Floats:
    """A projection of all slices, as a scout shows them: air at -1000, 512 rows."""
    thickness = (np.maximum(np.stack(slices), -1000) + 1000).sum(axis=1) * EXAMPLE_PIXEL[0] / 1e4
    rows = ndimage.zoom(thickness, (512 / len(slices), 1), order=1)
    noise_hu = np.random.default_rng(0).normal(0, 8, rows.shape)
    return np.asarray(-1000 + 80 * rows + noise_hu)


def photograph(side: int = 384) -> Floats:
    """Brightness in [0, 1] with the spectrum of natural images, 1/f, and an edge."""
    rng = np.random.default_rng(0)
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    f[0, 0] = np.inf
    scene = np.fft.ifft2(np.fft.fft2(rng.standard_normal((side, side))) / f).real
    scene += 1.5 * scene.std() * (np.arange(side) > 0.6 * side)
    low, high = np.quantile(scene, [0.01, 0.99])
    return np.asarray(((scene - low) / (high - low)).clip(0, 1))
