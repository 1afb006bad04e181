"""ZIP archives: their DICOM files are read in place, as ``archive.zip/folder/IM1.dcm``."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.folders import is_passed_over
from ctiqa.io.access.regular import Stamp, regular_stamp
from ctiqa.io.silence import foreign
from ctiqa.text.plain_text import clean

ZIP_MAGIC = b"PK"

MAX_DIRECTORY_BYTES = 1 << 23
"""Maximum size of the list of members, in bytes."""

_MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 1 << 28
"""Maximum size of an unpacked member, in bytes; it is held in memory."""

MAX_TOTAL_BYTES = 1 << 36
"""Maximum size of an archive after unpacking, in bytes."""

MAX_PROBED = 2000
"""Number of members checked for DICOM; those with DICOM-like names come first."""

DICOM_SUFFIXES = ("", ".dcm", ".dicom", ".ima", ".img", ".dic")

_CHUNK_BYTES = 1 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
"""Flag bit of encrypted members."""

SIGNS = (
    ("[content_types].xml", "an Office document"),
    ("meta-inf/container.xml", "an e-book"),
    ("meta-inf/manifest.xml", "an OpenDocument"),
    ("meta-inf/", "a Java archive"),
)
"""Kinds of archives by the start of a member's name, in lower case; the first match counts."""


class _Limited(io.FileIO):
    """A file that limits each read to the maximum size of a list of members."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = MAX_DIRECTORY_BYTES
        if size > MAX_DIRECTORY_BYTES:
            raise RefusedError(
                Reason.TOO_LARGE,
                f"the ZIP archive must list at most {_MAX_MEMBERS} members; unpack it first",
            )
        return super().read(size)

    def __del__(self) -> None:
        # It is closed with the archive; otherwise it would emit a ResourceWarning.
        self.close()


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """An open ZIP archive.

    Attributes:
        file: The archive.
        members: Its files by display name.
    """

    file: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]


def open_archive(path: Path) -> Archive:
    """Open an archive and list its members; the last few archives stay open.

    Raises:
        RefusedError: If the archive cannot be opened, is damaged or too large.
    """
    return _open_archive(path, regular_stamp(path))


@lru_cache(maxsize=2)
def _open_archive(path: Path, stamp: Stamp) -> Archive:
    with foreign("the list of members of the ZIP archive"), _undamaged("the ZIP archive"):
        # The stream stays open with the archive, which closes it when dropped from the cache.
        archive = zipfile.ZipFile(_Limited(path))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    _check_sizes(infos, stamp[1])
    return Archive(archive, _named(infos))


def _check_sizes(infos: list[zipfile.ZipInfo], archive_bytes: int) -> None:
    """Refuse archives that are too large or whose members overlap."""
    if len(infos) > _MAX_MEMBERS:
        raise RefusedError(
            Reason.TOO_LARGE,
            f"a ZIP archive must hold at most {_MAX_MEMBERS} files, got {len(infos)}; "
            "unpack it first",
        )
    if sum(info.compress_size for info in infos) > archive_bytes:
        raise RefusedError(Reason.CORRUPT, "the members of the ZIP archive overlap")
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL_BYTES:
        raise RefusedError(
            Reason.TOO_LARGE,
            f"a ZIP archive must unpack to at most {MAX_TOTAL_BYTES >> 30} GiB, "
            f"got {total >> 30}; unpack it first",
        )


def _named(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Members by display name; duplicate names get a number."""
    named: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = shown_name(info.filename)
        number = 1
        while (key := name if number == 1 else f"{name} ({number})") in named:
            number += 1
        named[key] = info
    return named


def shown_name(name: str) -> str:
    r"""Display name of a member: printable, and always inside the archive.

    >>> shown_name("..\\..\\etc/./passwd")
    'etc/passwd'
    """
    parts = name.replace("\\", "/").split("/")
    return "/".join(clean(part, 200) for part in parts if part not in ("", ".", "..")) or "unnamed"


def locate(path: Path) -> tuple[Path, str] | None:
    """Split a path into an archive.

    Returns:
        The archive and the name inside it, or ``None`` if the path does not lead into a file.
    """
    if os.path.lexists(path):
        return None
    for parent in path.parents:
        try:
            mode = parent.stat().st_mode
        except (OSError, ValueError):
            continue
        return (parent, path.relative_to(parent).as_posix()) if stat.S_ISREG(mode) else None
    return None


def members_under(archive: Path, name: str = "") -> list[Path]:
    """Paths of the files in an archive, or in one of its folders; hidden files are ignored."""
    names = [shown for shown in open_archive(archive).members if not _is_hidden(shown)]
    return [archive / each for each in names if not name or f"{each}/".startswith(f"{name}/")]


def _is_hidden(name: str) -> bool:
    return any(is_passed_over(part) for part in name.split("/"))


def member_heads(archive: Path, count: int) -> Iterator[bytes]:
    """The first bytes of members, those with DICOM-like names first."""
    names = sorted(members_under(archive), key=lambda path: path.suffix not in DICOM_SUFFIXES)
    for path in names[:MAX_PROBED]:
        try:
            yield member_head(archive, path.relative_to(archive).as_posix(), count)
        except RefusedError:
            continue


def member_head(archive: Path, name: str, count: int) -> bytes:
    """The first bytes of a member.

    Raises:
        RefusedError: If it is missing, empty, or cannot be unpacked.
    """
    with unpacking(archive, name, MAX_TOTAL_BYTES) as stream:
        return stream.read(count)


def open_member(archive: Path, name: str) -> BinaryIO:
    """Unpack a member into memory and verify its checksum.

    Raises:
        RefusedError: If it is not there, empty, too large, encrypted or damaged.
    """
    content = io.BytesIO()
    with unpacking(archive, name, MAX_MEMBER_BYTES) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            content.write(chunk)
    content.seek(0)
    return content


def member_stamp(archive: Path, name: str) -> Stamp:
    """Modification time of the archive in ns, and size of the member in bytes.

    Raises:
        RefusedError: If it is not there, or cannot be unpacked.
    """
    changed, _ = regular_stamp(archive)
    return changed, member(archive, name, MAX_MEMBER_BYTES).file_size


@contextmanager
def unpacking(archive: Path, name: str, limit: int) -> Iterator[BinaryIO]:
    """Open a member as a stream of unpacked bytes; any failure inside the block is a refusal.

    Args:
        archive: The archive.
        name: Display name of the member.
        limit: Maximum size after unpacking, in bytes.

    Raises:
        RefusedError: If it is not there, empty, too large, encrypted or damaged.
    """
    opened = open_archive(archive)
    info = member(archive, name, limit)
    with (
        foreign("a file in the ZIP archive"),
        _undamaged("the file in the ZIP archive"),
        opened.file.open(info) as stream,
    ):
        yield cast("BinaryIO", stream)


@contextmanager
def _undamaged(what: str) -> Iterator[None]:
    """Turn errors about damaged archives into refusals."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error):
        raise RefusedError(
            Reason.CORRUPT, f"{what} is damaged or was cut off; copy the archive again"
        ) from None
    except EOFError:
        raise RefusedError(Reason.TRUNCATED, f"{what} ends early; copy the archive again") from None


def member(archive: Path, name: str, limit: int) -> zipfile.ZipInfo:
    """Find a member and check that it can be unpacked.

    Raises:
        RefusedError: If it is not there, empty, too large or encrypted.
    """
    info = open_archive(archive).members.get(name)
    if info is None:
        raise RefusedError(Reason.NO_PERMISSION, "the ZIP archive contains no file of this name")
    if info.file_size == 0:
        raise RefusedError(Reason.EMPTY_FILE, "the file holds no bytes")
    _check_method(info)
    if info.file_size > limit:
        raise RefusedError(
            Reason.TOO_LARGE,
            f"a file in a ZIP archive must unpack to at most {limit >> 20} MiB, "
            f"got {info.file_size >> 20}; unpack the archive first",
        )
    return info


def _check_method(info: zipfile.ZipInfo) -> None:
    """Refuse members that are encrypted or use an unsupported compression method."""
    if info.flag_bits & ENCRYPTED:
        raise RefusedError(
            Reason.UNKNOWN_FORMAT, "encrypted in its ZIP archive: unpack it with its password first"
        )
    if info.compress_type not in METHODS:
        raise RefusedError(
            Reason.UNKNOWN_FORMAT,
            "packed in its ZIP archive by another method than deflate: unpack it first",
        )


def is_numpy(archive: Path) -> bool:
    """Whether an archive contains NumPy arrays, as .npz files do.

    Raises:
        RefusedError: If the archive cannot be opened or is damaged.
    """
    return any(name.endswith(".npy") for name in open_archive(archive).members)


def kind_of(archive: Path) -> str:
    """Describe an archive without DICOM, and the remedy.

    Raises:
        RefusedError: If the archive cannot be opened or is damaged.
    """
    infos = open_archive(archive).members
    names = [name.lower() for name in infos]
    for sign, kind in SIGNS:
        if any(name.startswith(sign) for name in names):
            return f"{kind}, no image"
    if infos and all(info.flag_bits & ENCRYPTED for info in infos.values()):
        return "an encrypted ZIP archive: unpack it with its password first"
    if infos and all(info.compress_type not in METHODS for info in infos.values()):
        return "a ZIP archive packed by another method than deflate: unpack it first"
    return "a ZIP archive without DICOM: unpack it first if it holds images of another format"
