"""Volumes: one file, many slices, cut out of it one at a time.

An uncompressed volume is mapped into memory. A compressed one is unpacked once into a temporary
file that has no name, and mapped from there, so that memory stays bounded either way.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import open_file
from ctiqa.io.geometry import check_axial, check_spacing
from ctiqa.io.hu_checks import (
    Rescale,
    Stored,
    check_convention,
    check_matrix,
    check_range,
    check_rescale,
    to_hu,
)
from ctiqa.io.protocol import ReadOptions
from ctiqa.io.volumes.axes import Axes, Placement, anatomical_axes, slice_geometry
from ctiqa.types import HuImage, SliceHeader, SliceSource

CHUNK_BYTES = 1 << 20
MAX_SLICES = 20_000


@dataclass(frozen=True, slots=True)
class Volume:
    """How the voxels of a file are stored.

    Attributes:
        file: File that the user named.
        data_file: File that holds the voxels, the same or one beside it.
        offset: Position of the first voxel in bytes, after unpacking.
        dtype: Type of a voxel.
        shape: Number of voxels along each of the three axes, the fastest first.
        packing: ``"none"``, ``"gzip"``, ``"zlib"``, or ``"zip:MEMBER"``; gzip and zlib streams
            of MetaImage and NRRD start at ``packed_at``.
        packed_at: Position of the compressed stream in bytes.
        rescale: (slope, intercept) that turn voxels into HU.
        axes: Which axis is which; ``None`` to tell it from ``placement``.
        placement: Where the voxels lie in the patient; ``None`` where unknown.
        spacing_mm: Pixel spacing (row, column) where there is no placement.
        z_mm: Position of every slice where there is no placement.
    """

    file: Path
    data_file: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    packing: str = "none"
    packed_at: int = 0
    rescale: Rescale = (1.0, 0.0)
    axes: Axes | None = None
    placement: Placement | None = None
    spacing_mm: tuple[float, float] | None = None
    z_mm: tuple[float, ...] | None = None

    @property
    def cut(self) -> Axes:
        """Which axis is which."""
        return self.axes or anatomical_axes(self.placement, self.shape)


def volume_headers(volume: Volume, options: ReadOptions) -> tuple[SliceHeader, ...]:
    """Describe the slices of a volume, after a look at its middle one.

    Args:
        volume: How the voxels are stored.
        options: What the user vouches for.

    Returns:
        One header a slice, in file order.

    Raises:
        RefusedError: If the volume holds no axial slices in HU, or voxels are missing.
    """
    _check_dtype(volume.dtype)
    check_rescale(*volume.rescale)
    axes = volume.cut
    slices, rows, cols = (volume.shape[axis] for axis in (axes.slices, axes.rows, axes.cols))
    check_matrix(rows, cols)
    if not 1 <= slices <= MAX_SLICES:
        raise RefusedError(
            Reason.TOO_LARGE, f"a volume must hold 1 to {MAX_SLICES} slices, got {slices}"
        )
    # The look at the pixels comes first: it finds out whether so many slices are there at all.
    _header(volume, slices // 2, options)
    _check_middle(volume, slices // 2)
    return tuple(_header(volume, index, options) for index in range(slices))


def volume_hu(volume: Volume, index: int) -> HuImage:
    """Cut one slice out of a volume.

    Args:
        volume: How the voxels are stored.
        index: Slice, from 0, in file order.

    Returns:
        HU, float32 [rows, cols], at least -1024, in radiological display.

    Raises:
        RefusedError: If voxels are missing, or values are not HU.
    """
    return to_hu(_plane(volume, index), volume.rescale)


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.names is not None:
        raise RefusedError(Reason.COLOUR, "voxels must be one grey value, got several components")
    if dtype.kind not in "iuf":
        raise RefusedError(Reason.NOT_HU, f"voxels must be integer or float, got {dtype}")


def _check_middle(volume: Volume, index: int) -> None:
    """Refuse a volume whose middle slice is not in HU; empty end slices prove nothing."""
    slope, intercept = volume.rescale
    plane = _plane(volume, index).astype(np.float32) * slope + intercept
    check_range(plane.astype(np.float32))
    check_convention(plane)


def _header(volume: Volume, index: int, options: ReadOptions) -> SliceHeader:
    axes = volume.cut
    spacing_mm, orientation, z_mm = volume.spacing_mm, None, None
    if volume.placement is not None:
        spacing_mm, orientation, z_mm = slice_geometry(volume.placement, axes, index)
    elif volume.z_mm is not None:
        z_mm = volume.z_mm[index]
    flags = (
        *check_axial(orientation, allow_reformats=options.allow_reformats),
        *check_spacing(spacing_mm),
    )
    return SliceHeader(
        source=SliceSource(file=volume.file, frame=index),
        rows=volume.shape[axes.rows],
        cols=volume.shape[axes.cols],
        spacing_mm=spacing_mm,
        z_mm=z_mm,
        orientation=orientation,
        flags=flags,
    )


def _plane(volume: Volume, index: int) -> Stored:
    """One slice as stored, rows and columns in display order."""
    axes = volume.cut
    if not 0 <= index < volume.shape[axes.slices]:
        raise RefusedError(Reason.TRUNCATED, f"slice {index} is not in the volume")
    # A view, not np.take: only the voxels of this slice are read from disc.
    plane: Stored = np.moveaxis(_voxels(volume), axes.slices, 0)[index]
    if axes.rows > axes.cols:
        plane = plane.T
    return plane[:: -1 if axes.flip_rows else 1, :: -1 if axes.flip_cols else 1]


def _voxels(volume: Volume) -> npt.NDArray[Any]:
    """All voxels, mapped and not loaded, with the fastest axis first."""
    if not volume.data_file.exists():
        raise RefusedError(
            Reason.NO_PIXELS, "the data file that the header names must lie beside it"
        )
    with open_file(volume.data_file) as stream:
        status = os.fstat(stream.fileno())
        if volume.packing != "none":
            return _unpacked(volume, (status.st_mtime_ns, status.st_size))
        if status.st_size < volume.offset + _bytes(volume):
            raise _missing(volume, status.st_size - volume.offset)
        return _mapped(stream, volume, volume.offset)


def _mapped(stream: BinaryIO, volume: Volume, offset: int) -> npt.NDArray[Any]:
    return np.memmap(
        cast("Any", stream), volume.dtype, "r", offset=offset, shape=volume.shape, order="F"
    )


# A volume is read slice by slice, so the last one is asked for again and again.
@lru_cache(maxsize=1)
def _unpacked(volume: Volume, _stamp: tuple[int, int]) -> npt.NDArray[Any]:
    with tempfile.TemporaryFile() as spool, _packed(volume) as stream:
        done = 0
        for chunk in _chunks(stream, volume.offset, _bytes(volume)):
            done += spool.write(chunk)
        if done < _bytes(volume):
            raise _missing(volume, done)
        spool.flush()
        return _mapped(cast("BinaryIO", spool), volume, 0)


def _chunks(stream: BinaryIO, skip: int, count: int) -> Iterator[bytes]:
    """Read ``count`` bytes after the first ``skip``, a piece at a time; fewer if they end."""
    try:
        while skip > 0 and (chunk := stream.read(min(skip, CHUNK_BYTES))):
            skip -= len(chunk)
        while count > 0 and (chunk := stream.read(min(count, CHUNK_BYTES))):
            count -= len(chunk)
            yield chunk
    except EOFError:
        return
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error):
        raise RefusedError(Reason.CORRUPT, "the compressed voxels are damaged") from None


@contextmanager
def _packed(volume: Volume) -> Iterator[BinaryIO]:
    """Open the unpacked bytes of a compressed volume as a stream."""
    with open_file(volume.data_file) as stream:
        if volume.packing.startswith("zip:"):
            with zipfile.ZipFile(stream) as archive:
                yield cast("BinaryIO", archive.open(volume.packing.removeprefix("zip:")))
            return
        stream.seek(volume.packed_at)
        if volume.packing == "gzip":
            yield cast("BinaryIO", gzip.GzipFile(fileobj=stream))
        else:
            yield cast("BinaryIO", _ZlibStream(stream))


class _ZlibStream:
    """The unpacked bytes of a zlib stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inflater = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; none at the end."""
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._stream.read(CHUNK_BYTES)
            if chunk := self._inflater.decompress(packed, count):
                return chunk
            if not packed:
                break
        return b""


def _bytes(volume: Volume) -> int:
    return int(np.prod(volume.shape, dtype=object)) * volume.dtype.itemsize


def _missing(volume: Volume, present: int) -> RefusedError:
    return RefusedError(
        Reason.TRUNCATED, f"the voxels must fill {_bytes(volume)} bytes, got {max(present, 0)}"
    )
