"""Read the voxels of a volume plane by plane.

Contiguous slices of uncompressed voxels are read in place. Compressed voxels, and slices that are
scattered over the file, are first written slice by slice to an anonymous temporary file and read
from there. So memory stays bounded in both cases.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import file_stamp, open_file
from ctiqa.io.access.inflated import MOST_TIMES
from ctiqa.io.access.regular import Stamp, is_there
from ctiqa.io.volumes.packed import first_voxel, packed_size, voxel_bytes
from ctiqa.io.volumes.spool import Spool
from ctiqa.io.volumes.storage import Storage, missing

MAX_VOLUME_BYTES = 1 << 33
"""Maximum size of a volume after unpacking, in bytes."""

MAX_PLANE_BYTES = 1 << 27
"""Maximum size of a contiguous plane of voxels, in bytes."""

SLAB_BYTES = 1 << 25
"""Amount of voxels reordered at a time, in bytes."""

SURELY_SMALL_BYTES = 1 << 28
MOST_TIMES_CT = 200
"""Maximum compression ratio of a large CT volume; it is usually two to ten."""


def check_storage(storage: Storage) -> None:
    """Refuse volumes that are too large or incomplete, before any voxels are read.

    Raises:
        RefusedError: With ``TOO_LARGE``, ``CORRUPT``, ``NO_PIXELS`` or ``TRUNCATED``.
    """
    width, height, _ = storage.shape
    if storage.size > MAX_VOLUME_BYTES or width * height * storage.dtype.itemsize > MAX_PLANE_BYTES:
        raise RefusedError(
            Reason.TOO_LARGE,
            f"a volume must take at most {MAX_VOLUME_BYTES >> 30} GiB, and a plane of it "
            f"{MAX_PLANE_BYTES >> 20} MiB, got {storage.size} bytes",
        )
    if math.prod(storage.shape) % len(storage.files):
        raise RefusedError(
            Reason.CORRUPT,
            f"the voxels must be shared equally by their files, got {len(storage.files)} files",
        )
    for file in storage.files:
        _check_file(storage, file)


def _check_file(storage: Storage, file: Path) -> None:
    if not is_there(file):
        raise RefusedError(Reason.NO_PIXELS, "the data file named by the header must exist")
    if storage.packing != "none":
        _check_ratio(storage, packed_size(storage, file))
        return
    with open_file(file) as stream:
        begin = first_voxel(stream, storage)
        present = stream.seek(0, os.SEEK_END) - begin
    if present < storage.share:
        raise missing(storage, present)


def _check_ratio(storage: Storage, packed: int) -> None:
    """Refuse packed voxels that are incomplete, or a decompression bomb."""
    wanted = storage.share + storage.skip
    if wanted > packed * MOST_TIMES:
        raise missing(storage, packed * MOST_TIMES - storage.skip)
    if wanted > max(SURELY_SMALL_BYTES, packed * MOST_TIMES_CT):
        raise RefusedError(
            Reason.TOO_LARGE,
            f"{packed} bytes unpack to {wanted}, more than {MOST_TIMES_CT} times as many, as no CT "
            "does; unpack the file if it is one",
        )


def read_plane(storage: Storage, axis: int, index: int) -> npt.NDArray[Any]:
    """Read one plane of a volume.

    Args:
        storage: Storage of the voxels.
        axis: Axis along which the planes are stacked.
        index: Index of the plane, from 0.

    Returns:
        Voxels along the two other axes, in their order.

    Raises:
        RefusedError: If voxels are missing or damaged, or the temporary file cannot be written.
    """
    shape = tuple(np.delete(storage.shape, axis).tolist())
    count = math.prod(shape) * storage.dtype.itemsize
    per_file, rest = divmod(storage.shape[2], len(storage.files))
    if axis == 2 and storage.packing == "none" and rest == 0:
        content = _read_directly(storage, storage.files[index // per_file], index % per_file, count)
    else:
        stamps = tuple(file_stamp(file) for file in storage.files)
        content = _spooled(storage, axis, stamps).read(index * count, count)
    return np.frombuffer(content, storage.dtype).reshape(shape, order="F")


def _read_directly(storage: Storage, file: Path, index: int, count: int) -> bytes:
    """Read a contiguous plane from a file."""
    with open_file(file) as stream:
        stream.seek(first_voxel(stream, storage) + index * count)
        content = stream.read(count)
    if len(content) < count:
        raise missing(storage, index * count + len(content))
    return content


# A volume is read slice by slice, so the most recent one is needed repeatedly.
@lru_cache(maxsize=1)
def _spooled(storage: Storage, axis: int, _stamps: tuple[Stamp, ...]) -> Spool:
    """Write all voxels to a temporary file, plane by plane along an axis."""
    spool = Spool(storage.size)
    if axis == 2:
        place = 0
        for chunk in voxel_bytes(storage):
            spool.write(place, chunk)
            place += len(chunk)
    else:
        _restack(spool, storage, axis)
    return spool


def _restack(spool: Spool, storage: Storage, axis: int) -> None:
    width, height, _ = storage.shape
    plane = width * height * storage.dtype.itemsize
    # Length of a row of the new planes; each old plane contains one row of each.
    row = plane // storage.shape[axis]
    place = 0
    for slab in _regrouped(voxel_bytes(storage), plane * max(1, SLAB_BYTES // plane)):
        block = np.frombuffer(slab, storage.dtype).reshape((width, height, -1), order="F")
        for index, piece in enumerate(np.moveaxis(block, axis, 0)):
            spool.write(index * row * storage.shape[2] + place, piece.tobytes(order="F"))
        place += row * block.shape[2]


def _regrouped(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of equal size; the last may be shorter."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)
