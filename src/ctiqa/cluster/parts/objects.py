"""Parts in an object store (S3 and whatever fsspec knows), where one request writes a file."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ctiqa.cluster.parts.place import Found, reached
from ctiqa.errors import OutputError, UsageError
from ctiqa.system.extras import require_extra
from ctiqa.text.plain_text import clean

DATES = ("LastModified", "last_modified", "updated", "created", "mtime")
"""Where file systems of fsspec say when a file was written."""


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Objects with a common prefix.

    Attributes:
        files_of: File system of fsspec, without a cache of listings.
        prefix: Bucket and prefix.
        name: URL without credentials.
    """

    files_of: Any
    prefix: str
    name: str

    def prepare(self) -> None:
        """Check that objects can be written; half-written ones do not exist.

        Raises:
            OutputError: If they cannot, or there is no such bucket.
        """
        probe = f"{self.prefix}/.probe-{secrets.token_hex(8)}"
        try:
            with reached(self.name):
                self.files_of.pipe_file(probe, b"")
                self.files_of.rm_file(probe)
        except FileNotFoundError:
            raise OutputError(f"'{self.name}' has no bucket; make it, or check its name") from None

    def files(self) -> Mapping[str, Found]:
        """All objects by name."""
        with reached(self.name):
            try:
                listed = self.files_of.ls(self.prefix, detail=True)
            except FileNotFoundError:
                return {}
        return {
            each["name"].rpartition("/")[2]: Found(each["size"] or 0, _written(each))
            for each in listed
            if each["type"] == "file"
        }

    def has(self, name: str) -> bool:
        """Whether there is an object that is not empty."""
        try:
            with reached(self.name):
                return bool(self.files_of.info(f"{self.prefix}/{name}")["size"])
        except FileNotFoundError:
            return False

    def read(self, name: str) -> bytes:
        """The content of an object."""
        with reached(self.name):
            return bytes(self.files_of.cat_file(f"{self.prefix}/{name}"))

    def write(self, name: str, data: bytes) -> None:
        """Write an object by one request."""
        with reached(self.name):
            self.files_of.pipe_file(f"{self.prefix}/{name}", data)

    def create(self, name: str, data: bytes) -> bool:
        """Write an object by one request that fails if there is one (S3: ``If-None-Match``)."""
        with reached(self.name):
            try:
                self.files_of.pipe_file(f"{self.prefix}/{name}", data, mode="create")
            except FileExistsError:
                return False
        return True

    def rename(self, name: str, other: str) -> None:
        """Copy an object, then remove it."""
        with suppress(FileNotFoundError):
            self.write(other, self.read(name))
            self.remove(name)

    def remove(self, name: str) -> None:
        """Remove an object."""
        with reached(self.name), suppress(FileNotFoundError):
            self.files_of.rm_file(f"{self.prefix}/{name}")


def object_place(url: str) -> ObjectPlace:
    """The place that a URL stands for.

    Raises:
        UsageError: If fsspec does not know such URLs, or a library is missing.

    >>> object_place("memory://parts").name
    'memory://parts'
    """
    require_extra("parts in an object store", "fsspec", extra="cluster")
    import fsspec  # noqa: PLC0415 - optional

    scheme, _, rest = url.partition("://")
    name = clean(f"{scheme}://{rest.rpartition('@')[2]}")
    try:
        files_of, prefix = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        library = clean(error.name or str(error), 80)
        raise UsageError(
            f"'{name}' needs a library that is not installed ({library}); for s3://, install it "
            "with: pip install 'ctiqa[cluster]'"
        ) from None
    except ValueError as error:
        raise UsageError(f"'{name}' is no URL that fsspec knows: {clean(str(error), 80)}") from None
    return ObjectPlace(files_of, prefix.rstrip("/"), name)


def _written(listed: Mapping[str, Any]) -> float:
    for key in DATES:
        found = listed.get(key)
        if isinstance(found, datetime):
            return found.timestamp()
        if isinstance(found, int | float):
            return float(found)
    return 0.0
