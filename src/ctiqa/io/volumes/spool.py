"""An anonymous temporary file, for voxels that cannot be read in place."""

from __future__ import annotations

import shutil
import tempfile
from threading import Lock
from typing import NoReturn

from ctiqa.errors import Reason, RefusedError

_REMEDY = "set TMPDIR to a folder with more room, or unpack the file"


class Spool:
    """A temporary file that is deleted with this object.

    Args:
        size: Bytes that will be written.

    Raises:
        RefusedError: If there is no folder for temporary files, or not enough space in it.
    """

    def __init__(self, size: int) -> None:
        self._lock = Lock()
        try:
            folder = tempfile.gettempdir()
            free = shutil.disk_usage(folder).free
            if free >= size:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - see __del__
                return
        except OSError as error:
            _refuse(error)
        raise RefusedError(
            Reason.TOO_LARGE,
            f"the voxels take {size >> 20} MiB unpacked, but '{folder}' has {free >> 20} free; "
            f"{_REMEDY}",
        )

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def write(self, place: int, content: bytes) -> None:
        """Write at a position.

        Raises:
            RefusedError: If the disc is full or fails.
        """
        try:
            self._file.seek(place)
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            _refuse(error)

    def read(self, place: int, count: int) -> bytes:
        """Read from a position.

        Raises:
            RefusedError: If the disc fails.
        """
        try:
            with self._lock:
                self._file.seek(place)
                return self._file.read(count)
        except OSError as error:
            _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    raise RefusedError(
        Reason.TOO_LARGE,
        f"the voxels cannot be unpacked into the folder for temporary files: {error.strerror}; "
        f"{_REMEDY}",
    ) from None
