"""MetaImage (.mha, and .mhd with data files)."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import open_file
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Placement, unoriented
from ctiqa.io.volumes.data_files import beside, data_file_named
from ctiqa.io.volumes.shapes import kept_axes, three
from ctiqa.io.volumes.storage import Storage
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader

_MAX_HEADER_BYTES = 1 << 20

ELEMENT_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    # Always four bytes in the library that defines the format.
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}

MetaImageFields = Mapping[str, str]
Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


def _volume(path: Path) -> Volume:
    """Describe the volume in a file."""
    fields, names, end = _header(path)
    with foreign("the MetaImage header"):
        sizes = _sizes(fields)
        kept = kept_axes(sizes)
        return Volume(
            file=path,
            storage=_storage(path, fields, names, end, three(sizes, kept)),
            placement=_placement(fields, kept),
        )


def _header(path: Path) -> tuple[MetaImageFields, list[str], int]:
    """The ``key = value`` lines of a header, the data files listed below, and its end."""
    with open_file(path) as stream:
        head = io.BytesIO(stream.read(_MAX_HEADER_BYTES))
    fields: dict[str, str] = {}
    for line in head:
        key, equals, value = line.decode("latin-1").partition("=")
        if not equals:
            break
        fields[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            end = head.tell()
            is_list = value.split()[:1] == ["LIST"]
            return fields, _listed(head.read()) if is_list else [], end
    raise RefusedError(Reason.CORRUPT, "'ElementDataFile' does not end the header")


def _listed(rest: bytes) -> list[str]:
    """Names of data files, one per line."""
    return [os.fsdecode(line.strip()) for line in rest.splitlines() if line.strip()]


def _sizes(fields: MetaImageFields) -> list[int]:
    sizes = [int(word) for word in fields["DimSize"].split()]
    if len(sizes) != int(fields.get("NDims", len(sizes))):
        raise RefusedError(
            Reason.CORRUPT,
            f"'DimSize' must hold as many numbers as 'NDims' says, got {len(sizes)}",
        )
    return sizes


def _storage(
    path: Path, fields: MetaImageFields, names: Sequence[str], end: int, shape: tuple[int, int, int]
) -> Storage:
    packed = _is_true(fields, "CompressedData")
    files = _data_files(path, fields, names)
    skip = int(fields.get("HeaderSize", "0"))
    begin = end if files == (path,) else 0
    _check_skip(skip, begin, packed=packed)
    storage = Storage(
        files=files,
        dtype=_dtype(fields),
        shape=shape,
        packing="zlib" if packed else "none",
        start=None if skip < 0 else skip or begin,
        limit=_packed_size(fields) if packed else None,
    )
    _check_files(fields, storage)
    return storage


def _packed_size(fields: MetaImageFields) -> int | None:
    """Length of the packed voxels in bytes, if specified."""
    size = int(fields.get("CompressedDataSize", "0"))
    return size if size > 0 else None


def _check_skip(skip: int, end: int, *, packed: bool) -> None:
    """Refuse an invalid number of bytes before the voxels."""
    if skip < -1 or (skip == -1 and packed) or 0 < skip < end:
        raise RefusedError(
            Reason.CORRUPT,
            "'HeaderSize' must be the bytes before the voxels, or -1 where plain voxels end the "
            f"file, got {skip}",
        )


def _data_files(path: Path, fields: MetaImageFields, names: Sequence[str]) -> tuple[Path, ...]:
    """Files that contain the voxels."""
    if not _is_true(fields, "BinaryData", "True"):
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX, "'BinaryData' must be True; save it as binary"
        )
    name = fields["ElementDataFile"]
    if name.upper() == "LOCAL":
        return (path,)
    if name.split()[:1] == ["LIST"]:
        return beside(path, names)
    return beside(path, data_file_named(name))


def _check_files(fields: MetaImageFields, storage: Storage) -> None:
    """Refuse several data files unless there is one for each index of the last axis."""
    words = fields["ElementDataFile"].split()
    sizes = _sizes(fields)
    axes = int(words[1]) if words[0] == "LIST" and len(words) > 1 else len(sizes) - 1
    wanted = math.prod(sizes[axes:])
    if len(storage.files) not in (1, wanted):
        raise RefusedError(
            Reason.CORRUPT, f"the data files must be {wanted}, got {len(storage.files)}"
        )


def _dtype(fields: MetaImageFields) -> np.dtype[np.generic]:
    if int(fields.get("ElementNumberOfChannels", "1")) != 1:
        raise RefusedError(Reason.COLOUR, "voxels must have one grey value, got several components")
    name = fields["ElementType"]
    if name not in ELEMENT_TYPES:
        raise RefusedError(Reason.NOT_HU, "'ElementType' is no plain number")
    big = _is_true(fields, "BinaryDataByteOrderMSB") or _is_true(fields, "ElementByteOrderMSB")
    return np.dtype((">" if big else "<") + ELEMENT_TYPES[name])


def _placement(fields: MetaImageFields, kept: Sequence[int]) -> Placement | None:
    """Geometry of the voxels; row i of the matrix is the direction of axis i, in LPS."""
    spacing = _numbers(fields, "ElementSpacing", "ElementSize")
    matrix = _numbers(fields, "TransformMatrix", "Rotation", "Orientation")
    origin = _numbers(fields, "Offset", "Position", "Origin")
    axes = math.isqrt(len(matrix))
    if len(spacing) <= max(kept) or not np.isfinite(spacing).all():
        return None
    if len(kept) < 3 or axes * axes != len(matrix) or axes <= max(kept):
        return unoriented(spacing[list(kept)])
    directions = np.reshape(matrix, (axes, axes))[np.ix_(kept, kept)]
    steps = directions * spacing[list(kept)][:, None]
    first, second, third = (tuple(row) for row in steps.tolist())
    placed = len(origin) > max(kept) and np.isfinite(origin).all()
    x_mm, y_mm, z_mm = origin[list(kept)].tolist() if placed else (0.0, 0.0, 0.0)
    return Placement((first, second, third), (x_mm, y_mm, z_mm))


def _numbers(fields: MetaImageFields, *keys: str) -> Numbers:
    """Numbers of the first key that is present; empty if there is none."""
    text = next((fields[key] for key in keys if key in fields), "")
    return np.array([float(word) for word in text.split()])


def _is_true(fields: MetaImageFields, key: str, default: str = "False") -> bool:
    return fields.get(key, default).upper() in ("TRUE", "1")


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
