"""Files that are being written: what a killed program leaves is removed, what others write is not.

Whoever writes a file holds a lock on it. The system releases the lock when the process ends, in
whatever way, so that a file without lock is a leftover.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

BUFFER = 1 << 18
"""Bytes that are collected before they are written."""


@contextmanager
def temporary_file(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file, which is removed afterwards if it is still there.

    Args:
        folder: Where it is made; must exist.

    Yields:
        Its path and a stream to write to.

    Raises:
        OSError: If the disk fails.
    """
    file, stream = _locked(folder)
    try:
        yield file, stream
    finally:
        # On a full disk, closing fails because it writes what is left in the buffer.
        with suppress(OSError):
            stream.close()
        with suppress(OSError):
            file.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> int:
    """Remove files that nobody writes any more; links and folders were not made here, and stay.

    Args:
        folder: Where they are made.

    Returns:
        Number of files removed.

    Raises:
        OSError: If the folder cannot be read or a leftover cannot be removed.
    """
    removed = 0
    with os.scandir(folder) as entries:
        files = [Path(each.path) for each in entries if each.is_file(follow_symlinks=False)]
    for left in files:
        with suppress(FileNotFoundError):
            removed += _removed(left)
    return removed


def _locked(folder: Path) -> tuple[Path, BinaryIO]:
    while True:
        handle, name = tempfile.mkstemp(dir=folder)
        stream = os.fdopen(handle, "wb", buffering=BUFFER)
        # Between the two, another process may have taken the new file for a leftover.
        if _lock(handle) and os.fstat(handle).st_nlink:
            return Path(name), stream
        stream.close()


def _lock(handle: int) -> bool:
    import fcntl  # noqa: PLC0415 - not there on Windows

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _removed(file: Path) -> bool:
    """Whether a file was a leftover."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not _lock(handle):
            return False
        file.unlink()
    finally:
        os.close(handle)
    return True
