"""Open regular files for reading, and refuse everything else."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, NoReturn

from ctiqa.errors import Reason, RefusedError

Stamp = tuple[int, int]
"""Modification time in ns and size in bytes; if they differ, the file has changed."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        RefusedError: With ``NO_PERMISSION``, ``EMPTY_FILE`` or ``UNKNOWN_FORMAT``.
    """
    regular_stamp(path)
    try:
        return path.open("rb")
    except OSError as error:
        _refuse(error)


def regular_stamp(path: Path) -> Stamp:
    """The stamp of a regular file, without opening it.

    Raises:
        RefusedError: With ``NO_PERMISSION``, ``EMPTY_FILE`` or ``UNKNOWN_FORMAT``.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - for every file, and twice as fast
    except (OSError, ValueError) as error:
        _refuse(error)
    if stat.S_ISDIR(status.st_mode):
        raise RefusedError(Reason.NO_PERMISSION, "the folder cannot be listed")
    # Opening a pipe would block until there is a writer; opening a device may have side effects.
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError(Reason.UNKNOWN_FORMAT, "a pipe, socket or device, not a regular file")
    if status.st_size == 0:
        raise RefusedError(Reason.EMPTY_FILE, "the file holds no bytes")
    return status.st_mtime_ns, status.st_size


def is_there(path: Path) -> bool:
    """Whether a path exists; ``False`` also for an invalid path.

    >>> is_there(Path("x" * 5000))
    False
    """
    return os.path.exists(path)  # noqa: PTH110 - the other one raises for names that are too long


def first_bytes(path: str, count: int) -> bytes | None:
    """The first bytes of a regular file; ``None`` if it does not exist or cannot be read.

    Called for a hundred thousand files, so it creates no path or file object.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return None
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return os.read(descriptor, count)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None


def _refuse(error: OSError | ValueError) -> NoReturn:
    why = error.strerror if isinstance(error, OSError) else "its name is invalid"
    raise RefusedError(Reason.NO_PERMISSION, f"the path cannot be opened: {why}") from None
