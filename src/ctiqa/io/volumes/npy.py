"""NumPy arrays in HU: .npy, and .npz with ``hu`` and, if known, ``spacing_mm`` and ``z_mm``."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import open_file
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Axes
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader

HU_MEMBER = "hu.npy"
MAX_FACTS_BYTES = 1 << 20
"""Largest array beside the pixels, in bytes; a spacing takes a hundred."""


def _volume(path: Path) -> Volume:
    """How the numbers of an array [rows, cols] or [slice, rows, cols] are stored."""
    with open_file(path) as stream:
        zipped = stream.read(2) == b"PK"
        stream.seek(0)
        with foreign("the NumPy header"):
            if zipped:
                return _zipped(path, stream)
            return _array(path, stream, "none")


def _zipped(path: Path, stream: BinaryIO) -> Volume:
    """An array inside an .npz, with its spacing and positions."""
    with zipfile.ZipFile(stream) as archive:
        if HU_MEMBER not in archive.namelist():
            raise RefusedError(
                Reason.UNKNOWN_FORMAT,
                "an .npz must hold the array 'hu' (and may hold 'spacing_mm' and 'z_mm')",
            )
        spacing, z_mm = _facts(archive, "spacing_mm"), _facts(archive, "z_mm")
        with archive.open(HU_MEMBER) as member:
            return _array(path, cast("BinaryIO", member), f"zip:{HU_MEMBER}", spacing, z_mm)


def _facts(archive: zipfile.ZipFile, name: str) -> list[float]:
    """A short list of numbers; empty where it is absent."""
    if f"{name}.npy" not in archive.namelist():
        return []
    if archive.getinfo(f"{name}.npy").file_size > MAX_FACTS_BYTES:
        raise RefusedError(Reason.CORRUPT, f"'{name}' is too long")
    content = io.BytesIO(archive.read(f"{name}.npy"))
    numbers: npt.NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
    return [float(number) for number in numbers.ravel()]


def _array(
    path: Path,
    stream: BinaryIO,
    packing: str,
    spacing_mm: list[float] | None = None,
    z_mm: list[float] | None = None,
) -> Volume:
    """Read an array's header from a stream that stands at its start."""
    shape, fortran, dtype = _array_header(stream)
    if not 2 <= len(shape) <= 3:
        raise RefusedError(
            Reason.NOT_2D, f"an array must be [rows, cols] or [slice, rows, cols], got {shape}"
        )
    _check_signed(dtype)
    slices, rows, cols = (1, *shape)[-3:]
    _, row_mm, col_mm = spacing_mm if spacing_mm and len(spacing_mm) == 3 else (None, None, None)
    return Volume(
        file=path,
        data_file=path,
        offset=stream.tell(),
        dtype=dtype,
        shape=(slices, rows, cols) if fortran else (cols, rows, slices),
        packing=packing,
        axes=Axes(slices=0, rows=1, cols=2) if fortran else Axes(slices=2, rows=1, cols=0),
        spacing_mm=None if row_mm is None or col_mm is None else (row_mm, col_mm),
        z_mm=tuple(z_mm) if z_mm and len(z_mm) == slices else None,
    )


def _array_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _check_signed(dtype: np.dtype[Any]) -> None:
    """Refuse types that cannot hold air."""
    if dtype.kind == "u":
        raise RefusedError(
            Reason.HU_CONVENTION_UNKNOWN,
            f"HU need a signed or float type, got {dtype}; convert the array to HU first",
        )


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
