"""The folders of the spool, and how a file gets into it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from ctiqa.clinic.spool.durable import place, sync_folder
from ctiqa.clinic.spool.temporary import remove_leftovers, temporary_file
from ctiqa.errors import OutputError, UsageError

UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
"""A UID (PS3.5, 9.1); it may become the name of a file."""

MOST_UID = 64

PRIVATE = 0o700
"""Permissions of the folders: the files hold the names of patients."""


def is_file_uid(text: str) -> bool:
    """Whether a UID may become the name of a file.

    >>> is_file_uid("1.2.840"), is_file_uid("../../evil"), is_file_uid("1.2."), is_file_uid("1")
    (True, False, False, False)
    """
    return len(text) <= MOST_UID and UID.fullmatch(text) is not None


def source_name(text: str) -> str:
    """An AE title or another name as the name of a folder.

    >>> source_name("CT 1/../x"), source_name("..")
    ('CT_1_.._x', '_')
    """
    return re.sub(r"[^A-Za-z0-9._-]", "_", text.strip())[:32].strip(".") or "_"


@dataclass(frozen=True, slots=True)
class SpoolFolder:
    """The folder for received files.

    ``tmp`` holds what is being received, ``in/SOURCE`` what was acknowledged, ``series/SERIES``
    the files of one series, ``aside/SERIES`` those of series that cannot be scored, ``dose`` dose
    reports that wait to be read, and ``out`` results that wait to be sent.

    Attributes:
        root: The folder.
        reserve_bytes: If less would be free on the disk, nothing is accepted.
    """

    root: Path
    reserve_bytes: int = 0

    @property
    def tmp(self) -> Path:
        """What is being received; leftovers are removed at the start."""
        return self.root / "tmp"

    @property
    def incoming(self) -> Path:
        """What was acknowledged, by source."""
        return self.root / "in"

    @property
    def series(self) -> Path:
        """Folders of series."""
        return self.root / "series"

    @property
    def aside(self) -> Path:
        """Folders of series that cannot be scored, and files that belong to none."""
        return self.root / "aside"

    @property
    def dose(self) -> Path:
        """Dose reports that wait to be read."""
        return self.root / "dose"

    @property
    def out(self) -> Path:
        """Results that wait to be sent."""
        return self.root / "out"

    def identity(self) -> str:
        """What tells this spool from others, wherever it is moved; empty if it is not there.

        Raises:
            OSError: If the disk fails.
        """
        file = self.root / "identity"
        if not file.exists():
            if not self.series.is_dir():
                return ""
            with self.receiving() as (new, stream):
                stream.write(uuid4().hex.encode())
                stream.flush()
                os.fdatasync(stream.fileno())
                with suppress(FileExistsError):  # Another process was faster.
                    os.link(new, file)
            sync_folder(self.root)
        return file.read_text(encoding="ascii")

    def prepare(self) -> None:
        """Make the folders; remove what was being received when a program was killed.

        What another process is receiving stays.

        Raises:
            OutputError: If the folder cannot be made or written.
        """
        try:
            for folder in (
                self.root,
                self.tmp,
                self.incoming,
                self.series,
                self.aside,
                self.dose,
                self.out,
            ):
                folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            remove_leftovers(self.tmp)
        except OSError as error:
            raise OutputError(
                f"the spool '{self.root}' must be a writable folder: {error.strerror or error}; "
                "create it for the user of ctiqa, or choose another one in [spool]"
            ) from error

    def receiving(self) -> AbstractContextManager[tuple[Path, BinaryIO]]:
        """A new file in :attr:`tmp`, and a stream to write it; it is removed if it stays there.

        Raises:
            OSError: If the disk fails.
        """
        return temporary_file(self.tmp)

    def has_room(self, n_bytes: int) -> bool:
        """Whether so many bytes leave the reserve free."""
        return shutil.disk_usage(self.root).free - n_bytes >= self.reserve_bytes

    def keep(self, uid: str, source: str, write: Callable[[BinaryIO], object]) -> Path:
        """Take in a file: when this returns, it survives a power cut.

        Args:
            uid: Its SOP Instance UID.
            source: Where it comes from, such as an AE title.
            write: Writes the content of the DICOM file.

        Returns:
            Where it is.

        Raises:
            UsageError: If the UID is none.
            OSError: If the disk is full or fails; nothing is left of the file.
        """
        with self.receiving() as (file, stream):
            write(stream)
            stream.flush()
            os.fdatasync(stream.fileno())
            return self.keep_file(uid, source, file)

    def keep_file(self, uid: str, source: str, file: Path) -> Path:
        """Take in a file that is on the disk already, in :attr:`tmp` and synced.

        Args:
            uid: Its SOP Instance UID.
            source: Where it comes from.
            file: The file; it is gone afterwards.

        Raises:
            UsageError: If the UID is none.
            OSError: If the disk fails.
        """
        if not is_file_uid(uid):
            raise UsageError("a SOP Instance UID must be digits separated by dots, at most 64")
        folder = self.incoming / source_name(source)
        if not folder.is_dir():
            folder.mkdir(mode=PRIVATE, exist_ok=True)
            sync_folder(self.incoming)
        return place(file, folder, uid)

    def arrived(self) -> Iterator[tuple[str, Path]]:
        """Acknowledged files that belong to no series yet, with their source.

        Links, pipes and further folders were not put there by ctiqa: they are ignored, and stay.
        """
        for folder in _entries(self.incoming):
            if folder.is_dir(follow_symlinks=False):
                for file in _entries(folder):
                    if file.is_file(follow_symlinks=False):
                        yield folder.name, Path(file.path)


def _entries(folder: os.PathLike[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda each: each.name)
