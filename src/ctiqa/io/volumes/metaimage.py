"""MetaImage (.mha, and .mhd with its data file beside it)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import open_file
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Placement
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader

MAX_HEADER_BYTES = 1 << 16

ELEMENT_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG_LONG": "i8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}


def _volume(path: Path) -> Volume:
    """How the voxels are stored."""
    with open_file(path) as stream:
        fields, end = _fields(stream.read(MAX_HEADER_BYTES))
    with foreign("the MetaImage header"):
        data_file = _data_file(path, fields)
        start = end if data_file == path else 0
        packed = _is_true(fields, "CompressedData")
        skip = int(fields.get("HeaderSize", "0"))
        if skip < 0:
            raise RefusedError(Reason.UNSUPPORTED_TRANSFER_SYNTAX, "'HeaderSize' must be >= 0")
        return Volume(
            file=path,
            data_file=data_file,
            offset=skip if packed else start + skip,
            dtype=_dtype(fields),
            shape=_shape(fields),
            packing="zlib" if packed else "none",
            packed_at=start,
            placement=_placement(fields),
        )


def _fields(head: bytes) -> tuple[dict[str, str], int]:
    """The ``key = value`` lines of a header, and the position of the byte after them."""
    fields: dict[str, str] = {}
    position = 0
    for line in head.splitlines(keepends=True):
        position += len(line)
        key, equals, value = line.decode("latin-1").partition("=")
        if not equals:
            break
        fields[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            return fields, position
    raise RefusedError(Reason.CORRUPT, "'ElementDataFile' does not end the header")


def _data_file(path: Path, fields: Mapping[str, str]) -> Path:
    """File that holds the voxels; never one in another folder."""
    name = fields["ElementDataFile"]
    if name.upper() == "LOCAL":
        return path
    if name.upper().startswith("LIST") or "%" in name or name != os.path.basename(name):  # noqa: PTH119
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            "'ElementDataFile' must be LOCAL or one file in the same folder",
        )
    return path.with_name(name)


def _dtype(fields: Mapping[str, str]) -> np.dtype[np.generic]:
    if int(fields.get("ElementNumberOfChannels", "1")) != 1:
        raise RefusedError(Reason.COLOUR, "voxels must be one grey value, got several components")
    name = fields["ElementType"]
    if name not in ELEMENT_TYPES:
        raise RefusedError(Reason.NOT_HU, "'ElementType' is no plain number")
    big = _is_true(fields, "BinaryDataByteOrderMSB") or _is_true(fields, "ElementByteOrderMSB")
    return np.dtype((">" if big else "<") + ELEMENT_TYPES[name])


def _shape(fields: Mapping[str, str]) -> tuple[int, int, int]:
    sizes = [int(word) for word in fields["DimSize"].split()]
    if not 2 <= len(sizes) <= 3:
        raise RefusedError(Reason.NOT_2D, f"a volume must have 3 axes, got {len(sizes)}")
    width, height, depth = (*sizes, 1)[:3]
    return width, height, depth


def _placement(fields: Mapping[str, str]) -> Placement | None:
    """Where the voxels lie; row i of the matrix is the direction of axis i, in LPS."""
    spacing = _numbers(fields, "ElementSpacing", "ElementSize")
    matrix = _numbers(fields, "TransformMatrix", "Rotation", "Orientation")
    origin = _numbers(fields, "Offset", "Position", "Origin")
    if len(spacing) != 3:
        return None
    oriented = len(matrix) == 9
    directions = np.reshape(matrix if oriented else np.eye(3), (3, 3))
    first, second, third = (tuple(row) for row in (directions * spacing[:, None]).tolist())
    x_mm, y_mm, z_mm = origin.tolist() if len(origin) == 3 else (0.0, 0.0, 0.0)
    return Placement((first, second, third), (x_mm, y_mm, z_mm), oriented)


def _numbers(fields: Mapping[str, str], *keys: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Numbers under the first key that is there; none if no key is."""
    text = next((fields[key] for key in keys if key in fields), "")
    return np.array([float(word) for word in text.split()])


def _is_true(fields: Mapping[str, str], key: str) -> bool:
    return fields.get(key, "False").upper() in ("TRUE", "1")


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
