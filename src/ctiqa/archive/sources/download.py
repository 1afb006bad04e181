"""Download whole objects to safe local names, and check that they are complete and unchanged."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from ctiqa.archive.sources.faults import gone
from ctiqa.archive.sources.folders import Object, objects_now
from ctiqa.errors import Reason, RefusedError

DOWNLOADS_AT_ONCE = 8

_SUFFIX = re.compile(r"(\.nii\.gz|\.[a-z0-9]{1,8})$", re.IGNORECASE)


def local_name(index: int, path: str) -> str:
    """A name for a download: its number, and the suffix, by which formats are recognised.

    >>> local_name(3, "scan/../IM 1.DCM"), local_name(4, "scan/IM1"), local_name(5, "a.nii.gz")
    ('000003.dcm', '000004', '000005.nii.gz')
    """
    found = _SUFFIX.search(path.rpartition("/")[2])
    return f"{index:06}{found[0].lower() if found else ''}"


def download(
    filesystem: Any, paths: Sequence[str], folder: Path, name: str, known: Mapping[str, str] | None
) -> dict[str, Path]:
    """Download files of a file system.

    Args:
        filesystem: Of fsspec.
        paths: Paths in the file system.
        folder: An empty folder.
        name: What the files are called together, for messages.
        known: Stamps of the files when they were listed; ``None`` if nobody did.

    Returns:
        Where the files are, by path.

    Raises:
        RefusedError: If one is gone, has changed or is not complete, or the disk is too small.
    """
    before = objects_now(filesystem, paths)
    if len(before) < len(set(paths)):
        raise gone(name)
    _check_stamps(before, known, name)
    _check_space(before, folder, name)
    places = {path: folder / local_name(index, path) for index, path in enumerate(paths)}
    _get_all(filesystem, places)
    _check_sizes(before, places, name)
    _check_stamps(objects_now(filesystem, paths), {p: o.stamp for p, o in before.items()}, name)
    return places


def _get_all(filesystem: Any, places: Mapping[str, Path]) -> None:
    """A few files at a time; after the first failure, no further one is begun."""
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        futures = [
            pool.submit(filesystem.get_file, path, str(place)) for path, place in places.items()
        ]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            for future in futures:
                future.cancel()


def _check_space(objects: Mapping[str, Object], folder: Path, name: str) -> None:
    needed, free = sum(each.size or 0 for each in objects.values()), shutil.disk_usage(folder).free
    if needed > free:
        raise RefusedError(
            Reason.NOT_FETCHED,
            f"'{name}' needs {needed / 1e9:.1f} GB for a while, and the temporary folder has "
            f"{free / 1e9:.1f} GB; free space, or name another folder with TMPDIR",
        )


def _check_sizes(objects: Mapping[str, Object], places: Mapping[str, Path], name: str) -> None:
    for path, place in places.items():
        size, got = objects[path].size, place.stat().st_size
        if size is not None and size != got:
            raise RefusedError(
                Reason.NOT_FETCHED,
                f"a file of '{name}' must have {size} bytes, and {got} were received; try again",
            )


def _check_stamps(
    objects: Mapping[str, Object], known: Mapping[str, str] | None, name: str
) -> None:
    for path, stamp in (known or {}).items():
        if path not in objects:
            raise gone(name)
        if objects[path].stamp != stamp:
            raise RefusedError(
                Reason.NOT_FETCHED,
                f"a file of '{name}' has changed since it was listed; survey it again",
            )
