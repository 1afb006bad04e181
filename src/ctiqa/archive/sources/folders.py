"""List file systems of fsspec folder by folder, with stamps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ctiqa.archive.sources.faults import is_absent
from ctiqa.io.access.folders import is_passed_over

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


def walk_folders(filesystem: Any, root: str) -> Iterator[Folder]:
    """List a folder and those in it, each in turn before its neighbours.

    A few folders are listed ahead, and nothing is kept, so memory does not grow with the archive.
    Hidden and system files and folders are left out, and so are links.

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
    folders = {row["name"].rstrip("/") for row in kept if row["type"] == "directory"}
    return Folder(path, tuple(files), tuple(sorted(folders)))


def _rows(filesystem: Any, path: str) -> list[dict[str, Any]]:
    """The listing of a folder as it is now; fsspec would remember it forever."""
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


def _object(row: Mapping[str, Any]) -> Object:
    size = row.get("size")
    tag = next((str(row[key]).strip('"') for key in TAGS if row.get(key)), None)
    time = next((row[key] for key in TIMES if row.get(key)), "")
    return Object(row["name"], size, f"{size} {_plain(time) if tag is None else tag}")


def _plain(time: object) -> str:
    """A time as text; listings and single answers may have it in different forms."""
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return f"{time:.6f}" if isinstance(time, float) else str(time)


def _path(each: Object) -> str:
    return each.path
