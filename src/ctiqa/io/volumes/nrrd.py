"""NRRD (.nrrd, and .nhdr with data files), raw or gzip."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nrrd
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
from ctiqa.text.plain_text import clean

_MAX_HEADER_BYTES = 1 << 20

PACKINGS = {"raw": "none", "gzip": "gzip", "gz": "gzip"}

DATA_FILE = ("data file", "datafile")
LINE_SKIP = ("line skip", "lineskip")
BYTE_SKIP = ("byte skip", "byteskip")

SIGNED_LONG_LONG = ("signed long long", "signed long long int")

TYPES = {
    name: kind
    for kind, names in {
        "i1": ("signed char", "int8"),
        "u1": ("uchar", "unsigned char", "uint8"),
        "i2": ("short", "short int", "signed short", "signed short int", "int16"),
        "u2": ("ushort", "unsigned short", "unsigned short int", "uint16"),
        "i4": ("int", "signed int", "int32"),
        "u4": ("uint", "unsigned int", "uint32"),
        "i8": ("longlong", "long long", "long long int", "int64", *SIGNED_LONG_LONG),
        "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64"),
        "f4": ("float",),
        "f8": ("double",),
    }.items()
    for name in names
}
"""Types by their C names, in lower case and without ``_t``."""

TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""Signs that convert a space to LPS."""

NrrdFields = dict[str, Any]


def _volume(path: Path) -> Volume:
    """Describe the volume in a file."""
    lines, names, end = _header_lines(path)
    with foreign("the NRRD header"):
        fields: NrrdFields = dict(nrrd.read_header(lines))
        sizes = _sizes(fields)
        directions = _directions(fields, len(sizes))
        kept = kept_axes(sizes, _none_of_space(sizes, directions))
        return Volume(
            file=path,
            storage=_storage(path, fields, names, end, three(sizes, kept)),
            placement=_placement(fields, directions[list(kept)], kept),
        )


def _header_lines(path: Path) -> tuple[list[str], list[str], int]:
    """Lines of the header, data files listed below it, and its end.

    The names of a list follow the header; otherwise a blank line ends the header.
    """
    with open_file(path) as stream:
        head = io.BytesIO(stream.read(_MAX_HEADER_BYTES))
    lines: list[str] = []
    for raw in head:
        line = raw.decode("latin-1").rstrip()
        if not line:
            return lines, [], head.tell()
        lines.append(line)
        if _is_list(line):
            return lines, [os.fsdecode(name.strip()) for name in head if name.strip()], 0
        if not raw.endswith(b"\n") and head.tell() >= _MAX_HEADER_BYTES:
            break
    if head.tell() >= _MAX_HEADER_BYTES:
        raise RefusedError(
            Reason.CORRUPT, f"the NRRD header must end within {_MAX_HEADER_BYTES >> 10} KiB"
        )
    return lines, [], head.tell()


def _is_list(line: str) -> bool:
    key, colon, value = line.partition(":")
    return bool(colon) and key.strip() in DATA_FILE and value.split()[:1] == ["LIST"]


def _sizes(fields: NrrdFields) -> list[int]:
    sizes = [int(size) for size in fields["sizes"]]
    if len(sizes) != int(fields["dimension"]):
        raise RefusedError(
            Reason.CORRUPT,
            f"'sizes' must hold {fields['dimension']} numbers as 'dimension' says, "
            f"got {len(sizes)}",
        )
    return sizes


def _storage(
    path: Path, fields: NrrdFields, names: Sequence[str], end: int, shape: tuple[int, int, int]
) -> Storage:
    packing = _packing(fields)
    files, start = _data_files(path, fields, names)
    lines, skip = _skips(fields, packing)
    storage = Storage(
        files=files,
        dtype=_dtype(fields),
        shape=shape,
        packing=packing,
        start=None if skip < 0 else (end if start is None else start),
        lines=lines,
        skip=max(skip, 0),
    )
    _check_subdim(fields, storage)
    return storage


def _packing(fields: NrrdFields) -> str:
    encoding = str(fields["encoding"])
    if encoding.lower() not in PACKINGS:
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            f"'encoding' must be raw or gzip, got {clean(encoding, 20)}; save it in one of these",
        )
    return PACKINGS[encoding.lower()]


def _skips(fields: NrrdFields, packing: str) -> tuple[int, int]:
    """Lines and bytes to skip before the voxels; -1 bytes if the voxels are the last bytes."""
    lines, skip = (
        int(next((fields[key] for key in keys if key in fields), 0))
        for keys in (LINE_SKIP, BYTE_SKIP)
    )
    if lines < 0 or skip < -1 or (skip == -1 and packing != "none"):
        raise RefusedError(
            Reason.CORRUPT, f"skips must be 0 or more (raw: 'byte skip' -1), got {lines}, {skip}"
        )
    return lines, skip


def _data_files(
    path: Path, fields: NrrdFields, names: Sequence[str]
) -> tuple[tuple[Path, ...], int | None]:
    """Files that contain the voxels, and their start; ``None`` for the end of the header."""
    name = next((str(fields[key]) for key in DATA_FILE if key in fields), None)
    if name is None:
        return (path,), None
    if name.split()[:1] == ["LIST"]:
        return beside(path, names), 0
    return beside(path, data_file_named(name)), 0


def _check_subdim(fields: NrrdFields, storage: Storage) -> None:
    """Refuse data files whose number does not match the header."""
    name = next((str(fields[key]) for key in DATA_FILE if key in fields), "")
    words = name.split()[1:] if name.startswith("LIST") else name.split()[4:]
    if len(storage.files) == 1 or not words:
        return
    sizes = _sizes(fields)
    subdim = int(words[0])
    if subdim < len(sizes) and math.prod(sizes[subdim:]) != len(storage.files):
        raise RefusedError(
            Reason.CORRUPT,
            f"files of {subdim} axes must be {math.prod(sizes[subdim:])} of them, "
            f"got {len(storage.files)}",
        )


def _dtype(fields: NrrdFields) -> np.dtype[Any]:
    kinds = [str(kind).lower() for kind in fields.get("kinds", ())]
    several = [kind for kind, size in zip(kinds, _sizes(fields), strict=False) if size > 1]
    if any("color" in kind or "vector" in kind for kind in several):
        raise RefusedError(Reason.COLOUR, "voxels must have one grey value, got several components")
    name = TYPES.get(" ".join(str(fields["type"]).lower().split()).removesuffix("_t"))
    if name is None:
        raise RefusedError(Reason.NOT_HU, "'type' must be a whole number or a float")
    if name[1] != "1" and fields.get("endian", "little") not in ("little", "big"):
        raise RefusedError(Reason.CORRUPT, "'endian' must be little or big")
    return np.dtype((">" if fields.get("endian") == "big" else "<") + name)


def _directions(fields: NrrdFields, axes: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Step along each axis, [axis, xyz]; NaN if unknown or not a spatial axis."""
    rows = fields.get("space directions")
    nowhere = np.full((axes, 3), np.nan)
    if rows is None:
        return nowhere
    # Depending on its settings, the library represents "none" as NaN or as None.
    known = [[np.nan] * 3 if row is None else [float(step) for step in row] for row in rows]
    return np.array(known) if np.shape(known) == (axes, 3) else nowhere


def _none_of_space(sizes: Sequence[int], directions: Any) -> list[int]:
    """Axes of length 1 without a direction, if others have one."""
    unknown = np.isnan(directions).any(axis=1)
    if unknown.all():
        return []
    return [axis for axis, size in enumerate(sizes) if size == 1 and unknown[axis]]


def _placement(fields: NrrdFields, directions: Any, kept: Sequence[int]) -> Placement | None:
    """Geometry of the voxels; only spacings if the space is not that of the patient."""
    signs = TO_LPS.get(str(fields.get("space", "")).lower())
    if directions.shape != (3, 3) or not np.isfinite(directions).all():
        spacings = [*fields.get("spacings", ()), *[math.nan] * (max(kept) + 1)]
        return unoriented(spacings[axis] for axis in kept)
    if signs is None:
        return unoriented(np.linalg.norm(directions, axis=1))
    first, second, third = (tuple(row) for row in (directions * signs).tolist())
    origin = np.asarray(fields.get("space origin", (0.0, 0.0, 0.0)), float) * signs
    x_mm, y_mm, z_mm = np.where(np.isfinite(origin), origin, 0.0).tolist()
    return Placement((first, second, third), (x_mm, y_mm, z_mm))


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
