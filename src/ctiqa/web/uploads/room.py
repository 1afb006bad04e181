"""Temporary folders that are removed, also those of a server that was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "ctiqa-uploads-"

LOCK = "lock"


class Room:
    """A folder that one server holds by a lock; what dead servers left is removed.

    >>> room = Room()
    >>> with room.folder() as folder:
    ...     folder.is_dir()
    True
    >>> folder.exists(), room.close()
    (False, None)
    """

    def __init__(self) -> None:
        _remove_left(Path(tempfile.gettempdir()))
        self._root = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self._root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder, for the user of the server alone."""
        folder = Path(tempfile.mkdtemp(dir=self._root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._root, ignore_errors=True)
        os.close(self._lock)


def _remove_left(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if not folder.is_symlink() and folder.stat().st_uid == os.getuid():
                _remove_if_free(folder)


def _remove_if_free(folder: Path) -> None:
    """Remove a folder whose server is gone; one that is just being made has no lock yet."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)
