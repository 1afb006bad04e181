"""NRRD (.nrrd, and .nhdr with its data file beside it), raw or gzip."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import nrrd
import numpy as np

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import open_file
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Placement
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader

PACKINGS = {"raw": "none", "gzip": "gzip", "gz": "gzip"}

TYPES = {
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16"), "i2"),
    **dict.fromkeys(("int", "signed int", "int32"), "i4"),
    "float": "f4",
    "double": "f8",
}
"""Types that can hold HU; the unsigned ones cannot hold air."""

TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""Signs that turn a space into LPS."""


def _volume(path: Path) -> Volume:
    """How the voxels are stored."""
    with open_file(path) as stream, foreign("the NRRD header"):
        fields: dict[str, Any] = dict(nrrd.read_header(stream))
        data_file = _data_file(path, fields)
        start = stream.tell() if data_file == path else 0
        packing = PACKINGS.get(fields["encoding"])
        if packing is None or fields.get("line skip", 0) or fields.get("byte skip", 0):
            raise RefusedError(
                Reason.UNSUPPORTED_TRANSFER_SYNTAX, "'encoding' must be raw or gzip, without skips"
            )
        return Volume(
            file=path,
            data_file=data_file,
            offset=start if packing == "none" else 0,
            dtype=_dtype(fields),
            shape=_shape(fields),
            packing=packing,
            packed_at=start,
            placement=_placement(fields),
        )


def _data_file(path: Path, fields: dict[str, Any]) -> Path:
    """File that holds the voxels; never one in another folder."""
    name = fields.get("data file", fields.get("datafile"))
    if name is None:
        return path
    if not isinstance(name, str) or name.startswith("LIST") or name != os.path.basename(name):  # noqa: PTH119
        raise RefusedError(
            Reason.UNSUPPORTED_TRANSFER_SYNTAX, "'data file' must be one file in the same folder"
        )
    return path.with_name(name)


def _dtype(fields: dict[str, Any]) -> np.dtype[Any]:
    kinds = " ".join(str(kind) for kind in fields.get("kinds", ())).lower()
    if "color" in kinds or "vector" in kinds:
        raise RefusedError(Reason.COLOUR, "voxels must be one grey value, got several components")
    name = TYPES.get(str(fields["type"]).removesuffix("_t"))
    if name is None:
        raise RefusedError(Reason.HU_CONVENTION_UNKNOWN, "'type' must be signed or float")
    return np.dtype((">" if fields.get("endian") == "big" else "<") + name)


def _shape(fields: dict[str, Any]) -> tuple[int, int, int]:
    sizes = [int(size) for size in fields["sizes"]]
    if not 2 <= len(sizes) <= 3:
        raise RefusedError(Reason.NOT_2D, f"a volume must have 3 axes, got {len(sizes)}")
    width, height, depth = (*sizes, 1)[:3]
    return width, height, depth


def _placement(fields: dict[str, Any]) -> Placement | None:
    """Where the voxels lie; only spacings where the space is not the patient's."""
    signs = TO_LPS.get(str(fields.get("space", "")).lower())
    directions = np.asarray(fields.get("space directions", ()), float)
    if signs is None or directions.shape != (3, 3):
        return _spaced(fields)
    steps = (directions * signs).tolist()
    origin = np.asarray(fields.get("space origin", (0.0, 0.0, 0.0)), float) * signs
    return Placement(
        cast("tuple[tuple[float, float, float], ...]", tuple(tuple(step) for step in steps)),
        cast("tuple[float, float, float]", tuple(origin.tolist())),
    )


def _spaced(fields: dict[str, Any]) -> Placement | None:
    spacings = [float(spacing) for spacing in fields.get("spacings", ())]
    if len(spacings) != 3:
        return None
    first, second, third = (tuple(row) for row in np.diag(spacings).tolist())
    return Placement((first, second, third), (0.0, 0.0, 0.0), oriented=False)


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
