"""List the files of folders with their stamps, without opening any."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.archive.unit import Entry
from ctiqa.io.access.files import check_path
from ctiqa.io.access.folders import list_files


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a folder.

    Attributes:
        entry: Its path and stamp.
        root: The folder (or file) that the survey was asked to look at.
    """

    entry: Entry
    root: str


def list_local(paths: Sequence[str]) -> list[Listed]:
    """List files and the files in folders, sorted by path.

    Links are followed, every file is listed once, and hidden and system files inside folders are
    ignored. A ZIP archive is one file. A file that vanishes meanwhile has an empty stamp.

    Raises:
        UsageError: If a path is empty or does not exist.
    """
    for path in paths:
        check_path(path)
    roots = sorted((os.path.abspath(path) for path in paths), key=len, reverse=True)  # noqa: PTH100
    files = sorted(list_files(roots), key=lambda file: file.split(os.sep))  # noqa: PTH206
    return [Listed(Entry(file, stamp_of(file)), _root_of(file, roots)) for file in files]


def stamp_of(file: str | Path) -> str:
    """Size and time of modification of a file; empty if it is not a regular file that is there."""
    try:
        status = os.stat(file)  # noqa: PTH116 - for every file, and twice as fast
    except (OSError, ValueError):
        return ""
    return f"{status.st_size} {status.st_mtime_ns}" if stat.S_ISREG(status.st_mode) else ""


def _root_of(file: str, roots: Sequence[str]) -> str:
    """The innermost of the roots that a file is in; a link may lead out of all."""
    return next((root for root in roots if file == root or file.startswith(root + os.sep)), "")
