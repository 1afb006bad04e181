"""Random test objects and simple limbs.

They are training samples of what a model must recognise and not score: phantoms of water and
plastic, an empty table, arms and legs. All are piecewise constant, so all variation is noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from ctiqa.hu import AIR_HU
from ctiqa.metrics.full_reference.images import Mask
from ctiqa.types import HuImage

DRAWN_SIDE = 512
"""Rows and columns of what is drawn."""


class Grid(NamedTuple):
    """Where the pixels lie, relative to the middle, in mm, float32 [rows, cols]."""

    x_mm: HuImage
    y_mm: HuImage


PLASTICS_HU = (-1000.0, -190.0, -100.0, -35.0, 50.0, 120.0, 340.0, 900.0)
"""CT numbers of common inserts: air, PMP, polyethylene, polystyrene, nylon, acrylic, Delrin,
Teflon."""


def ellipse(
    grid: Grid, centre: tuple[float, float], axes: tuple[float, float], deg: float = 0.0
) -> Mask:
    """Pixels inside an ellipse; centre and half axes are (x, y) in mm."""
    turn = np.deg2rad(deg)
    x, y = grid.x_mm - centre[0], grid.y_mm - centre[1]
    along = x * np.cos(turn) + y * np.sin(turn)
    across = y * np.cos(turn) - x * np.sin(turn)
    return np.asarray((along / axes[0]) ** 2 + (across / axes[1]) ** 2 <= 1)


def draw_phantom(rng: Generator) -> tuple[HuImage, tuple[float, float]]:
    """A test object without noise, in HU, and its pixel spacing in mm."""
    kinds: tuple[Callable[[Grid, Generator], HuImage], ...] = (_water, _inserts, _table)
    return _drawn(rng, kinds[int(rng.choice(3, p=(0.35, 0.5, 0.15)))])


def draw_limb(rng: Generator) -> tuple[HuImage, tuple[float, float]]:
    """One or two arms or legs without noise, in HU, and their pixel spacing in mm."""
    return _drawn(rng, _limbs)


def _drawn(
    rng: Generator, kind: Callable[[Grid, Generator], HuImage]
) -> tuple[HuImage, tuple[float, float]]:
    spacing = float(rng.uniform(0.65, 0.95))
    axis = (np.arange(DRAWN_SIDE, dtype=np.float32) - (DRAWN_SIDE - 1) / 2) * np.float32(spacing)
    return kind(Grid(*np.meshgrid(axis, axis)), rng), (spacing, spacing)


def _air_and_table(grid: Grid, rng: Generator) -> HuImage:
    """Air, with or without a table: a curved shell below the middle."""
    hu = np.full(grid.x_mm.shape, AIR_HU, dtype=np.float32)
    if rng.random() < 0.6:
        radius, top = rng.uniform(250, 500), rng.uniform(90, 160)
        away = np.hypot(grid.x_mm, grid.y_mm - (top - radius))
        shell = (away < radius) & (away > radius - rng.uniform(2, 5))
        hu[shell & (grid.y_mm > 0) & (np.abs(grid.x_mm) < 220)] = rng.uniform(-200, 100)
    return hu


def _water(grid: Grid, rng: Generator) -> HuImage:
    """A cylinder of water or water-like plastic in a wall, round or oval."""
    hu = _air_and_table(grid, rng)
    half = float(rng.uniform(60, 140))
    axes = (half, half * float(rng.choice([1.0, rng.uniform(0.65, 1.0)])))
    centre = (float(rng.uniform(-15, 15)), float(rng.uniform(-15, 15)))
    wall = float(rng.uniform(0, 8))
    hu[ellipse(grid, centre, (axes[0] + wall, axes[1] + wall))] = rng.uniform(80, 150)
    hu[ellipse(grid, centre, axes)] = rng.uniform(-15, 25)
    return hu


def _inserts(grid: Grid, rng: Generator) -> HuImage:
    """The same with rods of plastic on a circle and, at times, bars or a square."""
    hu = _water(grid, rng)
    inside = np.hypot(grid.x_mm, grid.y_mm) < 0.8 * 60
    ring, size = float(rng.uniform(25, 45)), float(rng.uniform(3, 9))
    for angle in np.linspace(0, 2 * np.pi, int(rng.integers(3, 9)), endpoint=False):
        centre = (ring * float(np.cos(angle)), ring * float(np.sin(angle)))
        rod = ellipse(grid, centre, (size, size))
        hu[rod] = float(rng.choice(PLASTICS_HU)) + rng.uniform(-10, 10)
    if rng.random() < 0.3:
        bars = inside & (np.sin(grid.x_mm * rng.uniform(0.8, 3.0)) > 0) & (np.abs(grid.y_mm) < 8)
        hu[bars & (np.abs(grid.x_mm) < 15)] = rng.uniform(200, 1200)
    return hu


def _table(grid: Grid, rng: Generator) -> HuImage:
    """Nothing but small things: an empty table, cushions, a bottle."""
    hu = _air_and_table(grid, rng)
    for _ in range(int(rng.integers(1, 4))):
        centre = (float(rng.uniform(-120, 120)), float(rng.uniform(-80, 120)))
        axes = (float(rng.uniform(8, 60)), float(rng.uniform(8, 40)))
        shape = ellipse(grid, centre, axes, float(rng.uniform(0, 180)))
        hu[shape] = rng.uniform(-950, 150)
    return hu


def _limbs(grid: Grid, rng: Generator) -> HuImage:
    """Skin, fat, muscle, and one or two tubular bones with marrow in each."""
    hu = _air_and_table(grid, rng)
    pair = rng.random() < 0.6
    half = float(rng.uniform(28, 85 if pair else 100))
    for side in (-1, 1) if pair else (0,):
        centre = (
            side * (half + float(rng.uniform(4, 40))) + float(rng.uniform(-20, 20)) * (not pair),
            float(rng.uniform(-25, 25)),
        )
        _limb(hu, grid, centre, half, rng)
    return hu


def _limb(
    hu: HuImage, grid: Grid, centre: tuple[float, float], half: float, rng: Generator
) -> None:
    turn = float(rng.uniform(0, 180))
    axes = np.array([half, half * rng.uniform(0.75, 1.0)])
    fat = float(rng.uniform(0.06, 0.3))
    layers = ((1.0, rng.uniform(-20, 40)), (0.97, -100.0), (1 - fat, rng.uniform(35, 70)))
    for share, value in layers:
        a, b = (axes * share).tolist()
        hu[ellipse(grid, centre, (a, b), turn)] = value + rng.uniform(-8, 8)
    bones = 2 if rng.random() < 0.5 else 1
    for number in range(bones):
        off = 0.3 * half * (2 * number - 1) * (bones - 1)
        radius = float(rng.uniform(0.14, 0.26) * half)
        place = (
            centre[0] + off * float(np.cos(np.deg2rad(turn))),
            centre[1] + off * float(np.sin(np.deg2rad(turn))),
        )
        hu[ellipse(grid, place, (radius, 0.85 * radius), turn)] = rng.uniform(900, 1400)
        inner = radius * float(rng.uniform(0.35, 0.75))
        hu[ellipse(grid, place, (inner, 0.85 * inner), turn)] = rng.uniform(-60, 250)
