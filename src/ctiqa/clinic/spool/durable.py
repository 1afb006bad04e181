"""Files that survive a power cut: what is acknowledged is on the disk, whole, and stays."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

CHUNK = 1 << 20
"""Bytes that are compared at once."""

TRIES = 5
"""How often a place is tried whose file is moved on at the same time."""


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place(file: Path, folder: Path, name: str) -> Path:
    """Move a file, whose content is on the disk, to its place; nothing there is overwritten.

    A file with the same name and content is taken for the same; one with other content is kept
    beside it, under a name with the digest of its content.

    Args:
        file: A file on the same drive; it is gone afterwards.
        folder: Where it belongs; must exist.
        name: Its name there, without suffix.

    Returns:
        Where the file is now.

    Raises:
        OSError: If the disk fails.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as temporary:
    ...     folder = Path(temporary)
    ...     for content in ("a", "a", "b"):
    ...         _ = (folder / "new").write_text(content)
    ...         print(place(folder / "new", folder, "1.2").name)
    1.2.dcm
    1.2.dcm
    1.2~3e23e8160039594a.dcm
    """
    target = folder / f"{name}.dcm"
    if not _linked(file, target):
        target = folder / f"{name}~{_digest(file)}.dcm"
        if not _linked(file, target):
            raise FileExistsError(errno.EEXIST, "two files have the same digest", str(target))
    sync_folder(folder)
    file.unlink(missing_ok=True)
    return target


def _linked(file: Path, target: Path) -> bool:
    """Whether a file is at its place, or one with the same content was there before."""
    for _ in range(TRIES):
        try:
            os.link(file, target)
        except FileExistsError:
            try:
                return _is_same(file, target)
            except FileNotFoundError:
                continue  # what was there has just been moved on
        return True
    raise FileNotFoundError(errno.ENOENT, "a file appears and disappears", str(target))


def _is_same(one: Path, other: Path) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        if os.fstat(first.fileno()).st_size != os.fstat(second.fileno()).st_size:
            return False
        while chunk := first.read(CHUNK):
            if chunk != second.read(CHUNK):
                return False
    return True


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
