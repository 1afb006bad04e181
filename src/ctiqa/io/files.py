"""Finding files, opening them, and telling their format from their first bytes."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError, UsageError

GZIP_MAGIC = b"\x1f\x8b"
HEAD_BYTES = 1024

MAX_INFLATED_BYTES = 1 << 30
"""Largest DICOM file, in bytes, that is unpacked into memory."""

SYSTEM_NAMES = frozenset({"dicomdir", "thumbs.db", "desktop.ini", "__macosx", "lockfile"})
"""Files and folders that operating systems and disc writers leave beside the images."""

MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("dicom", re.compile(rb".{128}DICM", re.DOTALL)),
    ("nifti", re.compile(rb".{344}n\+1\0|.{4}n\+2\0", re.DOTALL)),
    ("nrrd", re.compile(rb"NRRD000")),
    ("npy", re.compile(rb"\x93NUMPY|PK\x03\x04")),
    ("tiff", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("metaimage", re.compile(rb"\s*(ObjectType|NDims|Comment|ObjectSubType)\s*=")),
    # A data set without preamble starts with an element of group 2 or 8, either byte order.
    ("dicom", re.compile(rb"[\x02\x08]\0[^\0]?|\0[\x02\x08]")),
)
"""Formats by their first bytes; the first that matches counts."""

GZIPPED = ("dicom", "nifti")
"""Formats that are read through gzip."""


def walk(paths: Sequence[Path]) -> list[Path]:
    """List the files under some files and folders.

    Hidden and system files inside folders are passed over; a file named itself is not. A folder
    that may not be listed stands in the list itself, so that it is accounted for.

    Args:
        paths: Files and folders, any mix.

    Returns:
        Each file once, sorted by path; links that lead to one file count once.

    Raises:
        UsageError: If a path does not exist.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"'{path}' must be a file or folder, got nothing there")
        for file in _files_under(path) if path.is_dir() else (path,):
            # A link is shown under its own name, but its target is read only once.
            found.setdefault(os.path.realpath(file), file)
    return sorted(found.values())


def _files_under(folder: Path) -> Iterator[Path]:
    """Yield the files under a folder; links to folders are followed, but never in a circle."""
    visited = {os.path.realpath(folder)}
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            entries = sorted(current.iterdir())
        except OSError:
            yield current
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in SYSTEM_NAMES:
                continue
            if not entry.is_dir():
                yield entry
            elif (target := os.path.realpath(entry)) not in visited:
                visited.add(target)
                waiting.append(entry)


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        RefusedError: With ``NO_PERMISSION``, ``EMPTY_FILE`` or ``UNKNOWN_FORMAT``.
    """
    try:
        # Opening a pipe would wait for a writer for ever.
        if path.is_fifo() or path.is_socket():
            raise RefusedError(Reason.UNKNOWN_FORMAT, "not a regular file")
        stream = path.open("rb")
    except OSError as error:
        raise RefusedError(
            Reason.NO_PERMISSION, f"the path cannot be opened: {error.strerror}"
        ) from None
    if os.fstat(stream.fileno()).st_size == 0:
        stream.close()
        raise RefusedError(Reason.EMPTY_FILE, "the file holds no bytes")
    return stream


def inflate(stream: BinaryIO) -> bytes:
    """Unpack a gzip stream into memory.

    Raises:
        RefusedError: With ``TRUNCATED``, ``CORRUPT``, or ``TOO_LARGE`` above 1 GiB.

    >>> from io import BytesIO
    >>> inflate(BytesIO(gzip.compress(b"slice")))
    b'slice'
    """
    try:
        content = gzip.GzipFile(fileobj=stream).read(MAX_INFLATED_BYTES + 1)
    except EOFError:
        raise RefusedError(Reason.TRUNCATED, "the gzip stream ends early") from None
    except (OSError, zlib.error):
        raise RefusedError(Reason.CORRUPT, "the gzip stream is damaged") from None
    if len(content) > MAX_INFLATED_BYTES:
        raise RefusedError(
            Reason.TOO_LARGE, f"the file unpacks to more than {MAX_INFLATED_BYTES} bytes"
        )
    return content


def sniff(path: Path) -> str:
    """Tell a file's format from its content; its name is not asked.

    Returns:
        ``"dicom"``, ``"nifti"``, ``"nrrd"``, ``"npy"``, ``"tiff"`` or ``"metaimage"``.

    Raises:
        RefusedError: With ``UNKNOWN_FORMAT``, or if the file cannot be read.
    """
    with open_file(path) as stream:
        head = stream.read(HEAD_BYTES)
    gzipped = head.startswith(GZIP_MAGIC)
    if gzipped:
        head = zlib_head(head)
    for name, pattern in MAGIC:
        if pattern.match(head) and (not gzipped or name in GZIPPED):
            return name
    raise RefusedError(
        Reason.UNKNOWN_FORMAT,
        "neither DICOM, NIfTI, MetaImage, NRRD, TIFF, NPY nor NPZ by its first bytes",
    )


def zlib_head(head: bytes) -> bytes:
    """Unpack as much as possible of the first bytes of a gzip stream.

    >>> zlib_head(gzip.compress(b"slice")[:-8])
    b'slice'
    """
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""
