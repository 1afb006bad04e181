"""Cross-sections of implants and the pixels they cover."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctiqa.physics.artefacts.measured import check_rules
from ctiqa.types import HuImage

SUBPIXELS = 8
"""Samples per pixel and axis, to compute the covered share of a pixel."""


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Elliptical cross-section of an implant, in mm from the isocentre, x right, y down.

    Attributes:
        x_mm: x of the centre.
        y_mm: y of the centre.
        semi_x_mm: Semi-axis along x before the rotation, > 0.
        semi_y_mm: Semi-axis along y before the rotation, > 0.
        angle_deg: Clockwise rotation in degrees.

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.
    """

    x_mm: float
    y_mm: float
    semi_x_mm: float
    semi_y_mm: float
    angle_deg: float = 0.0

    def __post_init__(self) -> None:
        finite = {name: getattr(self, name) for name in ("x_mm", "y_mm", "angle_deg")}
        lengths = {name: getattr(self, name) for name in ("semi_x_mm", "semi_y_mm")}
        check_rules(
            *((math.isfinite(v), f"'{k}' must be finite, got {v}") for k, v in finite.items()),
            *((0 < v < math.inf, f"'{k}' must be > 0, got {v}") for k, v in lengths.items()),
        )

    @property
    def reach_mm(self) -> float:
        """Radius of a circle about the isocentre that contains it, in mm.

        >>> Ellipse(3, 4, 2, 1).reach_mm
        7.0
        """
        return math.hypot(self.x_mm, self.y_mm) + max(self.semi_x_mm, self.semi_y_mm)


def coverage(
    inserts: tuple[Ellipse, ...], shape: tuple[int, int], spacing_mm: tuple[float, float]
) -> HuImage:
    """Share of each pixel covered by ellipses, in [0, 1], float32 [rows, cols].

    >>> round(float(coverage((Ellipse(0, 0, 3, 2),), (16, 16), (1, 1)).sum()))  # 6π
    19
    """
    covered = np.zeros(shape, dtype=np.float32)
    for each in inserts:
        window, inside = _subpixels(each, shape, spacing_mm)
        covered[window] = np.maximum(covered[window], inside)
    return covered


def _subpixels(
    ellipse: Ellipse, shape: tuple[int, int], spacing_mm: tuple[float, float]
) -> tuple[tuple[slice, slice], HuImage]:
    """The part of the image around an ellipse, and the covered share of its pixels."""
    reach = max(ellipse.semi_x_mm, ellipse.semi_y_mm)
    sides, fine = [], []
    for n, mm, centre in zip(shape, spacing_mm, (ellipse.y_mm, ellipse.x_mm), strict=True):
        middle = centre / mm + (n - 1) / 2
        low = max(math.floor(middle - reach / mm - 1), 0)
        high = min(math.ceil(middle + reach / mm + 2), n)
        sides.append(slice(low, high))
        places = low - 0.5 + (np.arange((high - low) * SUBPIXELS) + 0.5) / SUBPIXELS
        fine.append((places - middle) * mm)
    down, across = fine[0][:, None], fine[1][None]
    cos, sin = math.cos(math.radians(ellipse.angle_deg)), math.sin(math.radians(ellipse.angle_deg))
    along = (across * cos + down * sin) / ellipse.semi_x_mm
    aside = (down * cos - across * sin) / ellipse.semi_y_mm
    inside = (along**2 + aside**2 < 1).reshape(-1, SUBPIXELS, across.size // SUBPIXELS, SUBPIXELS)
    return (sides[0], sides[1]), np.asarray(inside.mean(axis=(1, 3)), dtype=np.float32)
