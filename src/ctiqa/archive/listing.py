"""List the files of folders with their stamps, without opening any."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ctiqa.archive.unit import Entry
from ctiqa.io.access.files import check_path
from ctiqa.io.access.folders import list_files

SQLITE_ENDS = ("-wal", "-shm", "-journal")
"""Ends of the names of files that SQLite keeps beside a database."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a folder.

    Attributes:
        entry: Its path and stamp.
        root: Where the survey was asked to begin: a folder, a file or a manifest.
    """

    entry: Entry
    root: str


def list_local(
    paths: Sequence[str], manifests: Mapping[str, Sequence[str]] | None = None
) -> list[Listed]:
    """List files and the files in folders, sorted by path.

    Links are followed, every file is listed once, and hidden and system files inside folders are
    ignored. A ZIP archive is one file. A file that vanishes meanwhile has an empty stamp.

    Args:
        paths: Files and folders.
        manifests: Files and folders that manifests name, by the name of the manifest.

    Raises:
        UsageError: If a path is empty or does not exist.
    """
    for path in paths:
        check_path(path)
    roots = {absolute(path): absolute(path) for path in paths}
    for name, named in (manifests or {}).items():
        roots |= {absolute(path): name for path in named if absolute(path) not in roots}
    files = sorted(list_files(list(roots)), key=lambda file: file.split(os.sep))  # noqa: PTH206
    root_of = partial(_root_of, roots=roots, known={})
    return [Listed(Entry(file, stamp_of(file)), root_of(file)) for file in files]


def without_own(listed: list[Listed], own: Sequence[str]) -> list[Listed]:
    """Leave out what the survey itself writes, which would be new at every survey.

    Args:
        listed: Files.
        own: Files, which may be SQLite databases, and folders.
    """
    places = {absolute(path) for path in own}
    files = {place + end for place in places for end in ("", *SQLITE_ENDS)}
    folders = tuple(place + os.sep for place in places)
    return [
        each
        for each in listed
        if each.entry.name not in files and not each.entry.name.startswith(folders)
    ]


def absolute(path: str) -> str:
    """An absolute path; links stay as they are."""
    return os.path.abspath(path)  # noqa: PTH100


def stamp_of(file: str | Path) -> str:
    """Size and time of modification of a file; empty for a folder, or if it is not there."""
    try:
        status = os.stat(file)  # noqa: PTH116 - for every file, and twice as fast
    except (OSError, ValueError):
        return ""
    return "" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} {status.st_mtime_ns}"


def _root_of(file: str, roots: Mapping[str, str], known: dict[str, str]) -> str:
    """The innermost root that a file is in.

    Args:
        file: Absolute path.
        roots: Names of the roots by their paths.
        known: Roots of folders that were found before.
    """
    if file in roots:
        return roots[file]
    folder = os.path.dirname(file)  # noqa: PTH120 - for every file
    if folder not in known:
        known[folder] = _root_of(folder, roots, known) if folder != file else ""
    return known[folder]
