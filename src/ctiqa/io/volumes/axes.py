"""Identify the axes of a volume, and the position of its slices in the patient (LPS, mm)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.io.grouping.geometry import normal, unit_orientation

Vector = npt.NDArray[np.float64]

SAME_SPACING = 0.01
"""Largest relative difference between equal spacings."""


@dataclass(frozen=True, slots=True)
class Axes:
    """How slices are extracted from a volume for radiological display.

    Attributes:
        slices: Axis along which slices are stacked.
        rows: Axis that runs down a slice.
        cols: Axis that runs to the right of a slice.
        flip_rows: Whether the row axis runs up instead.
        flip_cols: Whether the column axis runs to the left instead.
    """

    slices: int
    rows: int
    cols: int
    flip_rows: bool = False
    flip_cols: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """Geometry of the voxels of a volume in the patient.

    Attributes:
        steps_mm: For each axis, the step from one voxel to the next in mm (x, y, z).
        origin_mm: Position of the first voxel in mm.
        oriented: Whether the directions are known; otherwise only the lengths of the steps are.
    """

    steps_mm: tuple[tuple[float, float, float], ...]
    origin_mm: tuple[float, float, float]
    oriented: bool = True

    @property
    def spacing_mm(self) -> Vector:
        """Length of the step along each axis in mm."""
        return np.asarray(np.linalg.norm(np.asarray(self.steps_mm, float), axis=1))

    @property
    def directions(self) -> Vector:
        """Unit vector of each axis, [axis, xyz]; zero if the step is zero."""
        lengths = np.where(self.spacing_mm > 0, self.spacing_mm, 1.0)
        return np.asarray(np.asarray(self.steps_mm, float) / lengths[:, None])


def anatomical_axes(placement: Placement | None, shape: tuple[int, ...]) -> Axes:
    """Identify the slice, row and column axes of a volume.

    Slices are stacked along the axis whose spacing differs from two equal ones, because that is
    how they were reconstructed; if all are equal, along the axis closest to that of the patient.
    In radiological display, columns run to the patient's left (to the back in a sagittal view) and
    rows to the back (to the feet in other views).

    Args:
        placement: Geometry of the voxels; if ``None``, slices are stacked along the last axis.
        shape: Number of voxels along each axis.

    Returns:
        The axes.

    >>> nifti = Placement(((-0.7, 0, 0), (0, -0.7, 0), (0, 0, 3.0)), (0, 0, 0))
    >>> anatomical_axes(nifti, (512, 512, 40))
    Axes(slices=2, rows=1, cols=0, flip_rows=True, flip_cols=True)
    """
    if placement is None or not placement.oriented:
        return Axes(slices=2, rows=1, cols=0)
    directions = placement.directions
    slices = _stacking_axis(placement, shape)
    first, second = (axis for axis in range(3) if axis != slices)
    down = 2 if abs(directions[slices, 2]) < 0.707 else 1
    rows, cols = (
        (first, second)
        if abs(directions[first, down]) > abs(directions[second, down])
        else (second, first)
    )
    # Patient z points to the head, rows run to the feet.
    falls = directions[rows, down] < 0
    right = int(np.argmax(np.abs(directions[cols])))
    return Axes(
        slices=slices,
        rows=rows,
        cols=cols,
        flip_rows=bool(falls if down == 1 else not falls),
        flip_cols=bool(directions[cols, right] < 0),
    )


def unoriented(spacings: Iterable[float]) -> Placement | None:
    """A placement with known spacings only; ``None`` if these are unknown.

    Args:
        spacings: Spacing along each axis in mm; the third may be absent.

    >>> unoriented([0.7, 0.7]).spacing_mm.tolist()
    [0.7, 0.7, 1.0]
    """
    lengths = [float(spacing) for spacing in spacings]
    if len(lengths) == 2:
        lengths.append(1.0)
    if len(lengths) != 3 or not np.isfinite(lengths).all():
        return None
    first, second, third = (tuple(row) for row in np.diag(lengths).tolist())
    return Placement((first, second, third), (0.0, 0.0, 0.0), oriented=False)


def slice_geometry(
    placement: Placement, axes: Axes, index: int
) -> tuple[tuple[float, float], tuple[float, ...] | None, float | None]:
    """Geometry of one slice of a volume.

    Args:
        placement: Geometry of the voxels.
        axes: Slice, row and column axes.
        index: Index of the slice, from 0.

    Returns:
        (row, column) spacing in mm, direction cosines, and position along the normal in mm; the
        last two are ``None`` if unknown.
    """
    spacing = placement.spacing_mm
    spacing_mm = (float(spacing[axes.rows]), float(spacing[axes.cols]))
    if not placement.oriented:
        return spacing_mm, None, float(index * spacing[axes.slices])
    along_row = placement.directions[axes.cols] * (-1 if axes.flip_cols else 1)
    down_column = placement.directions[axes.rows] * (-1 if axes.flip_rows else 1)
    orientation = unit_orientation([*along_row.tolist(), *down_column.tolist()])
    if orientation is None:
        return spacing_mm, None, None
    origin = np.add(placement.origin_mm, np.multiply(placement.steps_mm[axes.slices], index))
    return spacing_mm, orientation, float(np.dot(normal(orientation), origin))


def _stacking_axis(placement: Placement, shape: tuple[int, ...]) -> int:
    """Axis along which slices are stacked."""
    if shape.count(1) == 1:
        return shape.index(1)
    odd = odd_one(placement.spacing_mm.tolist(), are_alike)
    if odd is not None:
        return odd
    return int(np.argmax(np.abs(placement.directions[:, 2])))


def odd_one(lengths: Sequence[float], alike: Callable[[float, float], bool]) -> int | None:
    """Index of the one of three values that differs from two equal ones; ``None`` if there is none.

    >>> odd_one((0.7, 0.7, 3.0), are_alike)
    2
    """
    first, second, third = lengths
    pairs = (alike(second, third), alike(first, third), alike(first, second))
    return pairs.index(True) if sum(pairs) == 1 else None


def are_alike(first: float, second: float) -> bool:
    """Whether two spacings are equal within rounding.

    >>> are_alike(0.7, 0.7001)
    True
    """
    return abs(first - second) <= SAME_SPACING * max(first, second)
