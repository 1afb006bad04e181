"""Find the scans of files and folders in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ctiqa.errors import UsageError
from ctiqa.io.find import Found, find_scans
from ctiqa.io.protocol import DEFAULT_OPTIONS, ReadOptions

AnyPath = str | os.PathLike[str]


def read_scans(
    paths: AnyPath | Sequence[AnyPath], options: ReadOptions = DEFAULT_OPTIONS, *, jobs: int = 1
) -> Found:
    """Read the scans of files and folders: headers now, pixels when needed.

    :func:`ctiqa.stream_slices` reads the pixels of a scan in HU, slice by slice.

    Args:
        paths: One or several files and folders, in any combination; folders are searched
            recursively.
        options: How to read them.
        jobs: Processes that read headers, ≥ 1.

    Returns:
        The scans, each sorted along z, and every skipped file with its reason.

    Raises:
        UsageError: If a path is empty, not a path or does not exist, or ``jobs`` is below 1.

    >>> from pathlib import Path
    >>> import ctiqa
    >>> example = Path(ctiqa.__file__).parent / "assets" / "example"
    >>> (scan,) = read_scans(example).scans
    >>> [slice.hu.shape for slice in ctiqa.stream_slices(scan.headers[:2])]
    [(512, 512), (512, 512)]
    """
    return find_scans(as_paths(paths), options, jobs=jobs)


def as_paths(paths: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """One or several paths as a list.

    Raises:
        UsageError: If one is empty, which would mean the working folder, or not a path.

    >>> [path.name for path in as_paths("scan")]
    ['scan']
    """
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    return [_as_path(path) for path in several]


def _as_path(path: object) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise UsageError(
            f"a path must be a text or a path object, got {type(path).__name__}; score arrays of "
            "one size as one array (numpy.stack), those of different sizes one by one"
        )
    if not os.fspath(path):
        raise UsageError("a path must be a file or folder, got an empty one; '.' is this folder")
    return Path(path)
