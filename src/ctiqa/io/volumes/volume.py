"""Volumes: one file with many slices, extracted one at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.grouping.geometry import check_axial, check_spacing
from ctiqa.io.hu.checks import Rescale, Stored, check_matrix, check_rescale, to_hu
from ctiqa.io.hu.gate import check_hu
from ctiqa.io.hu.sampling import finite_ones, spread
from ctiqa.io.protocol import ReadOptions
from ctiqa.io.volumes.axes import Axes, Placement, anatomical_axes, slice_geometry
from ctiqa.io.volumes.shapes import doubt_about_order
from ctiqa.io.volumes.storage import Storage
from ctiqa.io.volumes.voxels import check_storage, read_plane
from ctiqa.types import HuImage, SliceHeader, SliceSource

MAX_SLICES = 20_000

_MAX_POSITION_MM = 1e6
"""Positions further from the origin than this are invalid."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Description of a volume, from its file.

    Attributes:
        file: File that the user named.
        storage: Storage of the voxels.
        rescale: (slope, intercept) that convert voxels to HU.
        axes: Slice, row and column axes; ``None`` to derive them from ``placement``.
        placement: Geometry of the voxels in the patient; ``None`` if unknown.
        spacing_mm: Spacing along [slices, rows, cols] if there is no placement; empty if
            unknown.
        z_mm: Position of every slice if there is no placement; empty if unknown.
    """

    file: Path
    storage: Storage
    rescale: Rescale = (1.0, 0.0)
    axes: Axes | None = None
    placement: Placement | None = None
    spacing_mm: tuple[float, ...] = ()
    z_mm: tuple[float, ...] = ()

    @property
    def cut(self) -> Axes:
        """Slice, row and column axes."""
        return self.axes or anatomical_axes(self.placement, self.storage.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of slices, rows and columns."""
        axes, shape = self.cut, self.storage.shape
        return shape[axes.slices], shape[axes.rows], shape[axes.cols]


def doubt(volume: Volume) -> str | None:
    """A warning if the axes of a volume cannot be identified.

    Raises:
        RefusedError: With ``NOT_AXIAL`` if the axes cannot be in the assumed order.
    """
    if volume.placement is None:
        return doubt_about_order(volume.shape, volume.spacing_mm)
    if volume.placement.oriented:
        return None
    axes, spacing = volume.cut, volume.placement.spacing_mm.tolist()
    return doubt_about_order(
        volume.shape, (spacing[axes.slices], spacing[axes.rows], spacing[axes.cols])
    )


def volume_headers(volume: Volume, options: ReadOptions) -> tuple[SliceHeader, ...]:
    """Describe the slices of a volume, after checking a sample of them.

    Args:
        volume: What the file says.
        options: What the user vouches for.

    Returns:
        One header a slice, in file order.

    Raises:
        RefusedError: If the volume holds no axial slices in HU, or voxels are missing.
    """
    _check_dtype(volume.storage.dtype)
    check_rescale(*volume.rescale)
    slices, rows, cols = volume.shape
    check_matrix(rows, cols)
    if not 1 <= slices <= MAX_SLICES:
        raise RefusedError(
            Reason.TOO_LARGE, f"a volume must hold 1 to {MAX_SLICES} slices, got {slices}"
        )
    # The pixels are sampled first, to find out whether so many slices exist.
    _header(volume, slices // 2, options)
    check_storage(volume.storage)
    check_hu(_sample(volume), Reason.HU_CONVENTION_UNKNOWN)
    return tuple(_header(volume, index, options) for index in range(slices))


def volume_hu(volume: Volume, index: int) -> HuImage:
    """Extract one slice from a volume that has been checked to be in HU.

    Args:
        volume: What the file says.
        index: Slice, from 0, in file order.

    Returns:
        HU, float32 [rows, cols], at least -1024, in radiological display.

    Raises:
        RefusedError: If voxels are missing, or values are not HU.
    """
    return to_hu(_plane(volume, index), volume.rescale, gate=False)


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.names is not None:
        raise RefusedError(Reason.COLOUR, "voxels must have one grey value, got several components")
    if dtype.kind not in "iuf":
        raise RefusedError(Reason.NOT_HU, f"voxels must be integer or float, got {dtype}")


def _sample(volume: Volume) -> npt.NDArray[np.float32]:
    """Slices spread over the volume, in HU as declared, [slices, rows, cols]."""
    slices, rows, cols = volume.shape
    return finite_ones(_claimed(volume, index) for index in spread(slices, rows * cols))


def _claimed(volume: Volume, index: int) -> npt.NDArray[np.float32]:
    slope, intercept = volume.rescale
    return _plane(volume, index).astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _header(volume: Volume, index: int, options: ReadOptions) -> SliceHeader:
    spacing_mm, orientation, z_mm = _geometry(volume, index)
    flags = (
        *check_axial(orientation, allow_reformats=options.allow_reformats),
        *check_spacing(spacing_mm),
    )
    _, rows, cols = volume.shape
    return SliceHeader(
        source=SliceSource(file=volume.file, frame=index),
        rows=rows,
        cols=cols,
        spacing_mm=spacing_mm,
        z_mm=z_mm if z_mm is not None and _is_somewhere(z_mm) else None,
        orientation=orientation,
        flags=flags,
    )


def _geometry(
    volume: Volume, index: int
) -> tuple[tuple[float, float] | None, tuple[float, ...] | None, float | None]:
    """(row, column) spacing, direction cosines and position of a slice, as far as known."""
    if volume.placement is not None:
        return slice_geometry(volume.placement, volume.cut, index)
    spacing_mm = (volume.spacing_mm[1], volume.spacing_mm[2]) if volume.spacing_mm else None
    return spacing_mm, None, volume.z_mm[index] if volume.z_mm else None


def _is_somewhere(z_mm: float) -> bool:
    return math.isfinite(z_mm) and abs(z_mm) <= _MAX_POSITION_MM


def _plane(volume: Volume, index: int) -> Stored:
    """One slice as stored, rows and columns in display order."""
    axes = volume.cut
    if not 0 <= index < volume.shape[0]:
        raise RefusedError(Reason.TRUNCATED, f"slice {index} is not in the volume")
    plane: Stored = read_plane(volume.storage, axes.slices, index)
    if axes.rows > axes.cols:
        plane = plane.T
    return plane[:: -1 if axes.flip_rows else 1, :: -1 if axes.flip_cols else 1]
