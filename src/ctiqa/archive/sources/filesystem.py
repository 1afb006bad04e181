"""File systems of fsspec: opening, listing folder by folder, stamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ctiqa.archive.sources.addresses import check_url, scheme_of, shown, without_secrets
from ctiqa.archive.sources.faults import is_absent, listing
from ctiqa.errors import UsageError
from ctiqa.io.access.folders import is_passed_over
from ctiqa.system.extras import require_extra

TAGS = ("ETag", "generation", "etag")
"""What stores call a value that changes with the content."""

TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""What stores call the time of modification."""

FOLDERS_AT_ONCE = 8
"""Number of folders listed at the same time; a request to a store takes 10 to 100 ms."""

_FEW = 3
"""Up to this many files of a folder are asked for singly."""


@dataclass(frozen=True, slots=True)
class Object:
    """A file of a file system.

    Attributes:
        path: Its path in the file system.
        size: In bytes, if the store says it.
        stamp: Changes with the content.
    """

    path: str
    size: int | None
    stamp: str


@dataclass(frozen=True, slots=True)
class Folder:
    """What is directly in a folder, sorted by path.

    Attributes:
        path: Its path in the file system.
        files: Its files.
        folders: Paths of its folders.
        problem: The exception if it could not be listed.
    """

    path: str
    files: tuple[Object, ...] = ()
    folders: tuple[str, ...] = ()
    problem: Exception | None = None


def open_filesystem(url: str) -> tuple[Any, str]:
    """Open the file system of a URL.

    Args:
        url: The complete URL, with the login if there is one.

    Returns:
        The file system of fsspec, and the path in it.

    Raises:
        UsageError: If a package is missing, or the scheme or the address is wrong.
        OutputError: If the server cannot be reached.

    >>> open_filesystem("memory://ct/scan")[1]
    '/ct/scan'
    """
    check_url(url)
    scheme = scheme_of(url)
    require_extra(f"'{scheme}://'", "fsspec", extra="cluster")
    from fsspec.core import url_to_fs  # noqa: PLC0415 - optional
    from fsspec.registry import get_filesystem_class  # noqa: PLC0415 - optional

    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        raise UsageError(_lack(str(scheme), error)) from error
    except ValueError as error:
        raise UsageError(
            f"the scheme '{scheme}://' is not known; s3, gs, az and sftp are"
        ) from error
    with listing(shown(url)):
        filesystem, path = url_to_fs(url)
    if shown(url) != url and "@" in path.partition("/")[0]:
        raise UsageError(
            f"an address '{scheme}://…' has no user and password; give credentials in the "
            "environment or in the configuration of fsspec"
        )
    return filesystem, path


def walk_folders(filesystem: Any, root: str) -> Iterator[Folder]:
    """List a folder and those in it, each in turn before its neighbours.

    A few folders are listed ahead, and nothing is kept, so memory does not grow with the archive.
    Hidden and system folders, and links to folders, are left out.

    Args:
        filesystem: Of fsspec.
        root: Path of the folder.

    Yields:
        One folder after the other; a folder that vanished meanwhile is left out.
    """
    waiting, asked = [root], dict[str, Future[Folder]]()
    with ThreadPoolExecutor(FOLDERS_AT_ONCE) as pool:
        try:
            while waiting:
                for path in waiting[: -FOLDERS_AT_ONCE - 1 : -1]:
                    if path not in asked:
                        asked[path] = pool.submit(_list_folder, filesystem, path)
                path = waiting.pop()
                found = asked.pop(path).result()
                waiting.extend(reversed(found.folders))
                if found.problem is None or path == root or not is_absent(found.problem):
                    yield found
        finally:
            for future in asked.values():
                future.cancel()


def objects_now(filesystem: Any, paths: Iterable[str]) -> dict[str, Object]:
    """Ask what some files are like at this moment.

    Returns:
        Those that are there, by path; the requests are one per folder.
    """
    groups: dict[str, set[str]] = {}
    for path in paths:
        groups.setdefault(path.rpartition("/")[0], set()).add(path)
    found: dict[str, Object] = {}
    for parent, wanted in groups.items():
        rows = _infos(filesystem, wanted) if len(wanted) <= _FEW else _rows(filesystem, parent)
        found.update({row["name"]: _object(row) for row in rows if row["name"] in wanted})
    return found


def root_object(filesystem: Any, path: str) -> Object | None:
    """The file at a path; ``None`` if it is a folder."""
    filesystem.invalidate_cache()
    row = filesystem.info(path)
    return _object(row) if row["type"] == "file" else None


def _list_folder(filesystem: Any, path: str) -> Folder:
    try:
        rows = _rows(filesystem, path)
    except Exception as error:  # noqa: BLE001 - judged by the caller
        return Folder(path, problem=error)
    kept = [row for row in rows if _is_inside(row["name"], path)]
    files = sorted((_object(row) for row in kept if row["type"] == "file"), key=_path)
    folders = {row["name"].rstrip("/") for row in kept if _is_folder(row)}
    return Folder(path, tuple(files), tuple(sorted(folders)))


def _rows(filesystem: Any, path: str) -> list[dict[str, Any]]:
    """The listing of a folder as it is now; fsspec would remember it forever."""
    filesystem.invalidate_cache(path)
    rows: list[dict[str, Any]] = filesystem.ls(path, detail=True)
    filesystem.invalidate_cache(path)
    return rows


def _infos(filesystem: Any, paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    for path in sorted(paths):
        filesystem.invalidate_cache(path)
        try:
            yield filesystem.info(path)
        except FileNotFoundError:
            continue


def _is_inside(name: str, folder: str) -> bool:
    """Whether a row is in the folder, and neither its marker nor hidden."""
    inner = name.rstrip("/").removeprefix(folder.rstrip("/"))
    return inner.startswith("/") and len(inner) > 1 and not is_passed_over(inner[1:])


def _is_folder(row: Mapping[str, Any]) -> bool:
    return row["type"] == "directory" and not row.get("islink")


def _object(row: Mapping[str, Any]) -> Object:
    size = row.get("size")
    tag = next((row[key] for key in TAGS if row.get(key)), None)
    if tag is None:
        tag = next((row[key] for key in TIMES if row.get(key)), "")
    return Object(row["name"], size, f"{size} {str(tag).strip(chr(34))}")


def _path(each: Object) -> str:
    return each.path


def _lack(scheme: str, error: ImportError) -> str:
    if scheme in ("s3", "s3a"):
        return (
            f"'{scheme}://' needs s3fs, which is not installed; install it with: "
            "pip install 'ctiqa[cluster]'"
        )
    return f"'{scheme}://' needs a package that is not installed: {without_secrets(error)}"
