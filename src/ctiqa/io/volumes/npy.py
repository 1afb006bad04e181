"""NumPy arrays in HU: .npy, and .npz with ``hu`` and, if known, ``spacing_mm`` and ``z_mm``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access import archives
from ctiqa.io.access.files import open_file
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Axes
from ctiqa.io.volumes.shapes import kept_axes
from ctiqa.io.volumes.storage import Storage
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader
from ctiqa.io.volumes.voxels import MAX_VOLUME_BYTES

HU_MEMBER = "hu.npy"

_MAX_HEADER_BYTES = 1 << 16
"""Maximum size of the header of an array, in bytes; it usually takes 128."""

MAX_FACTS_BYTES = 1 << 20
"""Maximum size of arrays other than the pixels, in bytes; a spacing takes a hundred."""


def _volume(path: Path) -> Volume:
    """Describe the volume in an array [rows, cols] or [slices, rows, cols]."""
    with open_file(path) as stream:
        head = stream.read(_MAX_HEADER_BYTES)
    with foreign("the NumPy header"):
        if head.startswith(archives.ZIP_MAGIC):
            return _zipped(path)
        return _array(path, head, "none")


def _zipped(path: Path) -> Volume:
    """Describe the volume in an .npz, with spacing and positions."""
    if HU_MEMBER not in archives.open_archive(path).members:
        raise RefusedError(
            Reason.UNKNOWN_FORMAT,
            "an .npz must hold the array 'hu' (and may hold 'spacing_mm' and 'z_mm')",
        )
    with archives.unpacking(path, HU_MEMBER, MAX_VOLUME_BYTES) as stream:
        head = stream.read(_MAX_HEADER_BYTES)
    return _array(path, head, "zip", _facts(path, "spacing_mm"), _facts(path, "z_mm"))


def _facts(path: Path, name: str) -> tuple[float, ...]:
    """A short array of numbers; empty if absent."""
    if f"{name}.npy" not in archives.open_archive(path).members:
        return ()
    with archives.unpacking(path, f"{name}.npy", MAX_FACTS_BYTES) as stream:
        content = io.BytesIO(stream.read(MAX_FACTS_BYTES))
    numbers: npt.NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
    return tuple(float(number) for number in numbers.ravel())


def _array(
    path: Path,
    head: bytes,
    packing: str,
    spacing_mm: tuple[float, ...] = (),
    z_mm: tuple[float, ...] = (),
) -> Volume:
    """Read the header of an array from its first bytes."""
    shape, fortran, dtype, offset = _array_header(head)
    kept = kept_axes(shape, [axis for axis, length in enumerate(shape) if length == 1])
    slices, rows, cols = (1, *(shape[axis] for axis in kept))[-3:]
    _check_positions(z_mm, slices)
    order = (slices, rows, cols) if fortran else (cols, rows, slices)
    return Volume(
        file=path,
        storage=Storage((path,), dtype, order, packing, skip=offset, member=HU_MEMBER),
        axes=Axes(slices=0, rows=1, cols=2) if fortran else Axes(slices=2, rows=1, cols=0),
        spacing_mm=_in_order(spacing_mm, shape, kept),
        z_mm=z_mm,
    )


def _check_positions(z_mm: tuple[float, ...], slices: int) -> None:
    if z_mm and len(z_mm) != slices:
        raise RefusedError(
            Reason.CORRUPT,
            f"'z_mm' must hold the position of each of {slices} slices, got {len(z_mm)}",
        )


def _in_order(
    spacing_mm: tuple[float, ...], shape: tuple[int, ...], kept: tuple[int, ...]
) -> tuple[float, ...]:
    """Spacings along [slices, rows, cols]; a single slice may lack a slice spacing.

    >>> _in_order((0.7, 0.7, 3.0), (512, 512, 1), (0, 1))
    (3.0, 0.7, 0.7)
    """
    if len(spacing_mm) == len(shape):
        others = [axis for axis in range(len(shape)) if axis not in kept]
        spacing_mm = tuple(spacing_mm[axis] for axis in (*others, *kept))
    return (0.0, *spacing_mm)[-3:] if len(spacing_mm) > 1 else ()


def _array_header(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether in Fortran order, type, and position of the data."""
    stream = io.BytesIO(head)
    version = np.lib.format.read_magic(stream)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    return *read(stream), stream.tell()


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
