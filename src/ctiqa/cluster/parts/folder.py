"""Parts in a folder, which several computers may share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ctiqa.cluster.parts.place import Found, reached
from ctiqa.errors import UsageError
from ctiqa.io.atomic import make_folder, write_bytes
from ctiqa.text.plain_text import clean

TEMPORARY = ".tmp"
"""Suffix of files that are being written (:mod:`ctiqa.io.atomic`)."""

LEFT_OVER_S = 3600.0
"""A file that has been written to for so long belongs to a process that was killed."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder.

    Attributes:
        folder: Its path.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Its path."""
        return clean(str(self.folder))

    def prepare(self) -> None:
        """Make the folder, and remove temporary files that nobody writes to any more.

        Raises:
            UsageError: If it is a file.
            OutputError: If it cannot be made or written.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"'parts' must be a folder, got the file '{self.name}'")
        make_folder(self.folder)
        with reached(self.name):
            now = self._now()
            for file in self.folder.glob(f".*{TEMPORARY}"):
                with suppress(FileNotFoundError):
                    if now - file.stat().st_mtime > LEFT_OVER_S:
                        file.unlink()

    def files(self) -> Mapping[str, Found]:
        """All complete files by name."""
        found = {}
        with reached(self.name), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if not entry.name.startswith(".") and entry.is_file():
                        status = entry.stat()
                        found[entry.name] = Found(status.st_size, status.st_mtime)
        return found

    def has(self, name: str) -> bool:
        """Whether there is a file that is not empty, as a full disk may leave one."""
        try:
            with reached(self.name):
                return (self.folder / name).stat().st_size > 0
        except FileNotFoundError:
            return False

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with reached(self.name):
            return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Write under a temporary name, flush to the disk, rename."""
        write_bytes(self.folder / name, data)
        self._flush()

    def create(self, name: str, data: bytes) -> bool:
        """Write under a temporary name and link it, which fails if the name is taken."""
        with reached(self.name):
            handle, temporary = tempfile.mkstemp(
                prefix=f".{name}.", suffix=TEMPORARY, dir=self.folder
            )
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                return self._claim(Path(temporary), name, data)
            finally:
                Path(temporary).unlink(missing_ok=True)

    def rename(self, name: str, other: str) -> None:
        """Give a file another name."""
        with reached(self.name), suppress(FileNotFoundError):
            (self.folder / name).replace(self.folder / other)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with reached(self.name):
            (self.folder / name).unlink(missing_ok=True)

    def _claim(self, temporary: Path, name: str, data: bytes) -> bool:
        """Give a complete file its name, if it is free; whether it was."""
        try:
            os.link(temporary, self.folder / name)
        except FileExistsError:
            return False
        except OSError:
            # Some network drives have no links; there, a few bytes are written at once.
            try:
                with (self.folder / name).open("xb", buffering=0) as stream:
                    stream.write(data)
            except FileExistsError:
                return False
        self._flush()
        return True

    def _now(self) -> float:
        """The time by the clock of the folder, which may be on a server."""
        with tempfile.NamedTemporaryFile(prefix=".", suffix=TEMPORARY, dir=self.folder) as file:
            return os.fstat(file.fileno()).st_mtime

    def _flush(self) -> None:
        """Make renamed files survive a power cut, where the system offers that."""
        with suppress(OSError):
            handle = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
