"""The files of a volume as streams of voxels, unpacked while reading."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access import archives
from ctiqa.io.access.files import open_file
from ctiqa.io.access.inflated import Inflated
from ctiqa.io.volumes.storage import Storage, missing

_CHUNK_BYTES = 1 << 20

MAX_TRAILING_BYTES = 1 << 26
"""Maximum number of bytes after the voxels in a packed stream."""

MAX_LINE_BYTES = 1 << 16
MAX_LINES = 10_000


class Readable(Protocol):
    """A stream for sequential reading."""

    def read(self, count: int, /) -> bytes:
        """Up to ``count`` bytes; none at the end."""
        ...


def voxel_bytes(storage: Storage) -> Iterator[bytes]:
    """The bytes of all voxels in pieces; packed streams are read to their end.

    Raises:
        RefusedError: If voxels are missing, or a stream is damaged.
    """
    for file in storage.files:
        with _unpacked(storage, file) as stream:
            yield from _counted(stream, storage)
            if storage.packing != "none":
                _read_to_end(stream)


def packed_size(storage: Storage, file: Path) -> int:
    """Length of the packed voxels in a file in bytes, as far as known in advance."""
    if storage.packing == "zip":
        return archives.member(file, storage.member, storage.skip + storage.share).compress_size
    with open_file(file) as stream:
        return max(stream.seek(0, os.SEEK_END) - (storage.start or 0), 0)


def first_voxel(stream: BinaryIO, storage: Storage) -> int:
    """Position of the first voxel in an uncompressed file; moves the stream."""
    if storage.start is None:
        return max(stream.seek(0, os.SEEK_END) - storage.share, 0)
    stream.seek(storage.start)
    _skip_lines(stream, storage.lines)
    return stream.tell() + storage.skip


def _skip_lines(stream: BinaryIO, lines: int) -> None:
    if not 0 <= lines <= MAX_LINES:
        raise RefusedError(Reason.CORRUPT, f"lines to skip must be 0 to {MAX_LINES}, got {lines}")
    for _ in range(lines):
        stream.readline(MAX_LINE_BYTES)


@contextmanager
def _unpacked(storage: Storage, file: Path) -> Iterator[Readable]:
    """Open a file as a stream of unpacked bytes."""
    if storage.packing == "zip":
        with archives.unpacking(file, storage.member, storage.skip + storage.share) as member:
            yield member
        return
    with open_file(file) as stream:
        if storage.packing == "none":
            stream.seek(first_voxel(stream, storage) - storage.skip)
            yield stream
            return
        stream.seek(storage.start or 0)
        _skip_lines(stream, storage.lines)
        yield Inflated(stream, "the stream of packed voxels", storage.limit)


def _counted(stream: Readable, storage: Storage) -> Iterator[bytes]:
    """The voxels of one file."""
    skip, left = storage.skip, storage.share
    while skip > 0 and (chunk := stream.read(min(skip, _CHUNK_BYTES))):
        skip -= len(chunk)
    while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk
    if left > 0:
        raise missing(storage, storage.share - left)


def _read_to_end(stream: Readable) -> None:
    """Read to the end of the stream, where the checksum is verified."""
    left = MAX_TRAILING_BYTES
    while chunk := stream.read(_CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            raise RefusedError(Reason.CORRUPT, "the packed stream continues long after its voxels")
