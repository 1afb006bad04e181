"""List the files in folders, each once, with its real path if possible."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SYSTEM_NAMES = frozenset({"dicomdir", "thumbs.db", "desktop.ini", "__macosx", "lockfile"})
"""Files and folders that operating systems and disc writers leave next to the images."""


def is_passed_over(name: str) -> bool:
    """Whether to ignore a file or folder of this name.

    >>> is_passed_over(".DS_Store"), is_passed_over("IM0001")
    (True, False)
    """
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def list_files(paths: Sequence[str]) -> list[str]:
    """List files, and the files in folders.

    Links are followed, but never in a cycle. The target of a link is listed under its real path if
    that is in one of the folders, otherwise under the path of the link. Folders that cannot be
    listed are themselves part of the list.

    Args:
        paths: Existing files and folders.

    Returns:
        Each file once, in no order.
    """
    listing = _Listing()
    # Paths without links come first, so that files keep their real paths.
    for shown, real in sorted(((path, os.path.realpath(path)) for path in paths), key=_is_link):
        listing.add(shown, real)
    while listing.links:
        link = listing.links.popleft()
        listing.add(link, os.path.realpath(link))
    return list(listing.files.values())


def _is_link(path: tuple[str, str]) -> bool:
    """Whether a path, given as (shown, real), contains a link."""
    shown, real = path
    return os.path.abspath(shown) != real  # noqa: PTH100


@dataclass(slots=True)
class _Listing:
    """The files found so far.

    Attributes:
        files: Shown path by real path.
        folders: Real paths of the folders that were listed.
        links: Links still to be followed, by their shown paths.
    """

    files: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: deque[str] = field(default_factory=deque)

    def add(self, shown: str, real: str) -> None:
        """Add a file, or all files of a folder and of those in it."""
        if not os.path.isdir(real):  # noqa: PTH112 - a hundred thousand of them
            self.files.setdefault(real, shown)
            return
        waiting = [(shown, real)]
        while waiting:
            current = waiting.pop()
            if current[1] not in self.folders:
                self.folders.add(current[1])
                waiting.extend(self._listed(*current))

    def _listed(self, shown: str, real: str) -> list[tuple[str, str]]:
        """Record the files and links of a folder; returns its subfolders."""
        try:
            with os.scandir(shown) as entries:
                return list(self._noted(entries, shown, real))
        except OSError:
            self.files.setdefault(real, shown)
            return []

    def _noted(
        self, entries: Iterable[os.DirEntry[str]], shown: str, real: str
    ) -> Iterable[tuple[str, str]]:
        for entry in entries:
            if is_passed_over(entry.name):
                continue
            # A root of "." would prefix every name with "./", which paths do not have.
            place = os.path.join(shown, entry.name)  # noqa: PTH118
            if entry.is_symlink():
                self.links.append(place)
            elif entry.is_dir(follow_symlinks=False):
                yield place, os.path.join(real, entry.name)  # noqa: PTH118
            else:
                self.files.setdefault(os.path.join(real, entry.name), place)  # noqa: PTH118
