"""Object stores and other file systems of fsspec: ``s3://bucket/prefix``, ``gs://``, ``sftp://``.

Series are expected within one folder: the files of a folder are one unit. A ZIP archive is a unit
of its own; it is fetched whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctiqa.archive.sources.addresses import check_url, shown
from ctiqa.archive.sources.download import download
from ctiqa.archive.sources.faults import explain, fetching, listing
from ctiqa.archive.sources.filesystem import open_filesystem
from ctiqa.archive.sources.folders import Folder, Object, root_object, walk_folders
from ctiqa.archive.sources.unfetchable import UnfetchableUnit
from ctiqa.archive.unit import Entry, Unit


@dataclass(frozen=True, slots=True)
class ObjectUnit:
    """The files of one folder, or one ZIP archive.

    Attributes:
        url: Address of the source, with the login if there is one.
        name: Address of the folder or archive, without password.
        entries: Its files, by their addresses.
    """

    url: str = field(repr=False)
    name: str
    entries: tuple[Entry, ...]

    def fetch(self, folder: Path) -> Mapping[str, Path]:
        """Download the files, a few at a time, to names of ctiqa's own.

        Raises:
            RefusedError: If a file is gone, has changed since it was listed, or cannot be had.
        """
        with fetching(self.name):
            filesystem, root = open_filesystem(self.url)
            base = _base(self.url)
            paths = {root.rstrip("/") + each.name.removeprefix(base): each for each in self.entries}
            known = {path: each.stamp for path, each in paths.items()}
            places = download(filesystem, list(paths), folder, self.name, known)
        return {paths[path].name: place for path, place in places.items()}


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """A folder of a file system of fsspec, with everything in it.

    Args:
        url: For example ``s3://bucket/prefix``. Endpoint and credentials come from where the
            library of the store takes them: ``AWS_ENDPOINT_URL``, ``AWS_PROFILE``, the
            configuration of fsspec.

    Raises:
        UsageError: If the address is wrong or a package is missing.

    >>> import fsspec
    >>> memory = fsspec.filesystem("memory")
    >>> memory.pipe("/doc/a/1.dcm", b"1")
    >>> [(unit.name, len(unit.entries)) for unit in ObjectSource("memory://doc").units()]
    [('memory://doc/a', 1)]
    >>> memory.rm("/doc", recursive=True)
    """

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        check_url(self.url)

    @property
    def name(self) -> str:
        """Its address, without password."""
        return shown(self.url)

    def units(self) -> Iterator[Unit]:
        """One unit for every folder with files, and one for every ZIP archive, in fixed order.

        Raises:
            OutputError: If it cannot be reached, does not exist or may not be read.
            UsageError: If credentials are missing.
        """
        filesystem, root = open_filesystem(self.url)
        with listing(self.name):
            alone = root_object(filesystem, root)
        if alone is not None:
            yield ObjectUnit(self.url, self.name, (Entry(self.name, alone.stamp),))
            return
        for found in walk_folders(filesystem, root):
            yield from self._units_of(found, root)

    def _units_of(self, found: Folder, root: str) -> Iterator[Unit]:
        name = self._name_of(found.path, root)
        if found.problem is not None:
            fault = explain(found.problem, name)
            if found.path == root or not isinstance(found.problem, PermissionError):
                raise fault from found.problem
            yield UnfetchableUnit(name, str(fault))
            return
        if files := [each for each in found.files if not is_archive(each.path)]:
            yield ObjectUnit(self.url, name, tuple(self._entry(each, root) for each in files))
        for each in found.files:
            if is_archive(each.path):
                yield ObjectUnit(
                    self.url, self._name_of(each.path, root), (self._entry(each, root),)
                )

    def _entry(self, each: Object, root: str) -> Entry:
        return Entry(self._name_of(each.path, root), each.stamp)

    def _name_of(self, path: str, root: str) -> str:
        """The address of a path: below that of the source, so that it always has the host."""
        return _base(self.url) + path.removeprefix(root.rstrip("/"))


def _base(url: str) -> str:
    """The shown address without ``/`` at the end, unless it is all there is: ``memory://``."""
    scheme, _, place = shown(url).partition("://")
    return f"{scheme}://{place.rstrip('/')}"


def is_archive(name: str) -> bool:
    """Whether a file is a ZIP archive by its name."""
    return name.lower().endswith(".zip")
