"""Where parts are: a folder or an object store, in which files appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ctiqa.errors import CtiqaError, OutputError, UsageError
from ctiqa.text.plain_text import clean


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a place.

    Attributes:
        size: Bytes.
        written: When it was written, in seconds since 1970 by the clock of the place.
    """

    size: int
    written: float


class Place(Protocol):
    """A flat collection of files. All methods raise ``OutputError`` if it cannot be reached."""

    @property
    def name(self) -> str:
        """Its address, without credentials."""

    def prepare(self) -> None:
        """Make it, check that it can be written, and remove what killed writers have left."""

    def files(self) -> Mapping[str, Found]:
        """All complete files by name."""

    def has(self, name: str) -> bool:
        """Whether there is a file."""

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: If there is none.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a file, which appears whole; one that is there is replaced."""

    def create(self, name: str, data: bytes) -> bool:
        """Write a file unless there is one; of several writers one is first.

        Returns:
            Whether it was written.
        """

    def rename(self, name: str, other: str) -> None:
        """Give a file another name; nothing happens if it is gone."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens if it is gone."""


def open_place(address: str | os.PathLike[str]) -> Place:
    """The place that an address stands for; it need not exist.

    Args:
        address: A folder, or a URL that fsspec knows, such as ``s3://BUCKET/PREFIX``.

    Raises:
        UsageError: If it is empty or no such URL, or a library is missing.

    >>> open_place("file:///tmp/parts").name
    '/tmp/parts'
    """
    from ctiqa.cluster.parts.folder import FolderPlace  # noqa: PLC0415 - a circle otherwise
    from ctiqa.cluster.parts.objects import object_place  # noqa: PLC0415 - a circle otherwise

    text = os.fspath(address)
    scheme, separator, rest = text.partition("://")
    if not (rest if separator else text):
        raise UsageError("the place of parts must be a folder or a URL, and is empty; name one")
    if not separator or scheme == "file":
        return FolderPlace(Path(rest if separator else text))
    return object_place(text)


@contextmanager
def reached(name: str) -> Iterator[None]:
    """Turn errors of a place into messages.

    Raises:
        FileNotFoundError: As it is.
        OutputError: For everything else. The error itself is not quoted if it may be a server's.
    """
    try:
        yield
    except (CtiqaError, FileNotFoundError):
        raise
    except OSError as error:
        raise OutputError(
            f"'{name}' must be readable and writable, got '{clean(error.strerror or '', 80)}' "
            f"({type(error).__name__}); check the permission, the credentials and free space"
        ) from None
    except Exception as error:  # noqa: BLE001 - every object store has its own errors
        raise OutputError(
            f"'{name}' cannot be used ({type(error).__name__}); check the address, the network and "
            "the credentials"
        ) from None
