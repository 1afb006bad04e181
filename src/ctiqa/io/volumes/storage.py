"""Storage of the voxels of a volume."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctiqa.errors import Reason, RefusedError


@dataclass(frozen=True, slots=True)
class Storage:
    """Storage of the voxels of a volume.

    Attributes:
        files: Files that hold the voxels, in equal shares one after another.
        dtype: Type of a voxel.
        shape: Number of voxels along each of the three axes, the fastest first.
        packing: ``"none"``, ``"gzip"``, ``"zlib"`` or ``"zip"``.
        start: Position in each file where its (packed) voxels begin, in bytes; ``None`` if they
            are its last bytes.
        lines: Lines of text after ``start`` that are skipped.
        skip: Bytes skipped before the first voxel, after unpacking.
        limit: Length of the packed voxels in bytes; ``None`` for the rest of the file.
        member: File that holds the voxels, of a ZIP archive.
    """

    files: tuple[Path, ...]
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    packing: str = "none"
    start: int | None = 0
    lines: int = 0
    skip: int = 0
    limit: int | None = None
    member: str = ""

    @property
    def size(self) -> int:
        """Size of all voxels in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def share(self) -> int:
        """Size of the voxels in each file in bytes."""
        return self.size // len(self.files)


def missing(storage: Storage, present: int) -> RefusedError:
    """The refusal of a file with missing voxels, of which ``present`` bytes exist."""
    return RefusedError(
        Reason.TRUNCATED,
        f"the voxels must fill {storage.share} bytes, got {min(max(present, 0), storage.share)}",
    )
