"""Finding files, opening them, and telling their format from their first bytes."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError, UsageError
from ctiqa.io.access import archives
from ctiqa.io.access.folders import list_files
from ctiqa.io.access.inflated import GZIP_MAGIC, Inflated
from ctiqa.io.access.other_formats import other_format
from ctiqa.io.access.regular import Stamp, first_bytes, is_there, open_regular, regular_stamp
from ctiqa.text.plain_text import clean

HEAD_BYTES = 1024

MAX_INFLATED_BYTES = 1 << 28
"""Largest DICOM file, in bytes, that is unpacked into memory."""

_CHUNK_BYTES = 1 << 20

MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("dicom", re.compile(rb".{128}DICM", re.DOTALL)),
    ("nifti", re.compile(rb".{344}n[+i]1\0|.{4}n[+i]2\0", re.DOTALL)),
    ("nrrd", re.compile(rb"NRRD000")),
    ("npy", re.compile(rb"\x93NUMPY")),
    ("zip", re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)")),
    ("tiff", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("metaimage", re.compile(rb"\s*(ObjectType|NDims|Comment|ObjectSubType)\s*=")),
    # A data set without preamble starts with an element of group 2 or 8, either byte order.
    ("dicom", re.compile(rb"[\x02\x08]\0[^\0]?|\0[\x02\x08]")),
)
"""Formats by their first bytes; the first that matches counts."""

GZIPPED = ("dicom", "nifti")
"""Formats that are read through gzip."""

HEADER_SUFFIXES = (".mhd", ".nhdr", ".hdr")
"""Names of header files whose voxels lie in a file beside them."""

IMAGE_SUFFIX = re.compile(
    r"\.(dcm|ima|nii|gz|hdr|img|mhd|mha|raw|zraw|nrrd|nhdr|tiff?|npy|npz)$", re.IGNORECASE
)
"""Ends of the names of images; these are not opened once more to see whether they are archives."""

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)


def walk(paths: Sequence[str | Path]) -> list[Path]:
    """List the files under some files and folders, and in ZIP archives of DICOM files.

    Hidden and system files inside folders are passed over; a file named itself is not. A folder
    that may not be listed stands in the list itself, so that it is accounted for. Files in an
    archive are listed as ``archive.zip/folder/IM1.dcm``; an archive without DICOM is one file.

    Args:
        paths: Files and folders, any mix.

    Returns:
        Each file once, sorted by path. Links that lead to one file count once; it has its real
        path where that lies under ``paths`` too.

    Raises:
        UsageError: If a path is empty, does not exist, or is an address.
    """
    for path in paths:
        _check_path(str(path))
    listed = sorted(list_files([os.fspath(path) for path in paths]), key=_parts)
    return [path for file in listed for path in _opened_up(file)]


def _parts(path: str) -> list[str]:
    """What paths are sorted by: as :class:`Path` does it, but a hundred thousand in no time."""
    return path.split(os.sep)  # noqa: PTH206


def _check_path(path: str) -> None:
    """Refuse what is no path of something that is there."""
    if not path:
        raise UsageError("a path must be a file or folder, got an empty one")
    if _is_there(path) or archives.locate(Path(path)):
        return
    if address := ADDRESS.match(path):
        raise UsageError(
            f"'{clean(path)}' must be a file or folder on this computer, got an address "
            f"({clean(address[1])}); ctiqa fetches nothing: download it first"
        )
    raise UsageError(f"'{clean(path)}' must be a file or folder, got nothing there")


def _is_there(path: str) -> bool:
    """Whether there is something, even if it may not be looked at."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _opened_up(file: str) -> list[Path]:
    """The files in an archive of DICOM files, or in a folder of one; any other file is itself."""
    path = Path(file)
    if IMAGE_SUFFIX.search(file):
        return [path]
    try:
        start = first_bytes(file, len(archives.ZIP_MAGIC))
        if start is None and (place := archives.locate(path)):
            return archives.members_under(*place) or [path]
        if start == archives.ZIP_MAGIC:
            heads = archives.member_heads(path, HEAD_BYTES)
            return archives.members_under(path) if "dicom" in map(format_of, heads) else [path]
    except RefusedError:
        # It is refused with these words once more, when it is read.
        pass
    return [path]


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading, or a file in a ZIP archive, unpacked into memory.

    Raises:
        RefusedError: With ``NO_PERMISSION``, ``EMPTY_FILE`` or ``UNKNOWN_FORMAT``; in archives
            also ``TOO_LARGE`` and ``CORRUPT``.
    """
    place = archives.locate(path)
    return open_regular(path) if place is None else archives.open_member(*place)


def file_stamp(path: Path) -> Stamp:
    """Time of the last change in ns, and size in bytes, of a file that :func:`open_file` opens.

    Raises:
        RefusedError: As :func:`open_file`.
    """
    place = archives.locate(path)
    return regular_stamp(path) if place is None else archives.member_stamp(*place)


def _head(path: Path) -> bytes:
    """The first bytes of a file."""
    if place := archives.locate(path):
        return archives.member_head(*place, HEAD_BYTES)
    with open_regular(path) as stream:
        return stream.read(HEAD_BYTES)


def inflate(stream: BinaryIO) -> bytes:
    """Unpack a gzip stream into memory; its checksum is compared.

    Raises:
        RefusedError: With ``TRUNCATED``, ``CORRUPT``, or ``TOO_LARGE`` above 256 MiB.

    >>> import gzip
    >>> inflate(io.BytesIO(gzip.compress(b"slice")))
    b'slice'
    """
    content = io.BytesIO()
    packed = Inflated(stream, "the gzip stream")
    while chunk := packed.read(_CHUNK_BYTES):
        if content.tell() + len(chunk) > MAX_INFLATED_BYTES:
            raise RefusedError(
                Reason.TOO_LARGE, f"the file unpacks to more than {MAX_INFLATED_BYTES} bytes"
            )
        content.write(chunk)
    return content.getvalue()


def sniff(path: Path) -> str:
    """Tell a file's format from its content; its name is not asked.

    Returns:
        ``"dicom"``, ``"nifti"``, ``"nrrd"``, ``"npy"``, ``"tiff"`` or ``"metaimage"``.

    Raises:
        RefusedError: With ``UNKNOWN_FORMAT``, or if the file cannot be read.
    """
    return _format(path, _head(path))


def sniff_open(path: Path, stream: BinaryIO) -> str:
    """Tell the format of a file that is open, and go back to its start.

    Args:
        path: The file.
        stream: The same, open at its start.

    Returns:
        As :func:`sniff`.

    Raises:
        RefusedError: With ``UNKNOWN_FORMAT``.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return _format(path, head)


def _format(path: Path, head: bytes) -> str:
    name = format_of(head)
    if name != "dicom" and archives.locate(path):
        raise RefusedError(Reason.UNKNOWN_FORMAT, _in_archive(name))
    if name == "zip":
        if archives.is_numpy(path):
            return "npy"
        raise RefusedError(Reason.UNKNOWN_FORMAT, archives.kind_of(path))
    if name is None:
        raise RefusedError(Reason.UNKNOWN_FORMAT, _described(path, head))
    return name


def format_of(head: bytes) -> str | None:
    """Format by the first bytes of a file, or ``None`` where it is none that ctiqa reads.

    >>> format_of(b"NRRD0005"), format_of(b"%PDF-1.7")
    ('nrrd', None)
    """
    gzipped = head.startswith(GZIP_MAGIC)
    name = _matching(unpacked_head(head) if gzipped else head)
    return None if gzipped and name not in GZIPPED else name


def _matching(head: bytes) -> str | None:
    return next((name for name, pattern in MAGIC if pattern.match(head)), None)


def unpacked_head(head: bytes) -> bytes:
    """Unpack as much as possible of the first bytes of a gzip stream.

    >>> import gzip
    >>> unpacked_head(gzip.compress(b"slice")[:-8])
    b'slice'
    """
    packed, content = Inflated(io.BytesIO(head), "the gzip stream"), b""
    try:
        while len(content) < HEAD_BYTES and (chunk := packed.read(HEAD_BYTES)):
            content += chunk
    except RefusedError:
        pass
    return content


def _in_archive(name: str | None) -> str:
    if name == "zip":
        return "an archive in a ZIP archive; unpack both first"
    what = "no DICOM file" if name is None else f"a file in the format '{name}'"
    return f"{what} in a ZIP archive; unpack the archive if it is an image"


def _described(path: Path, head: bytes) -> str:
    """What a file of no format is, as far as that can be seen."""
    if head.startswith(GZIP_MAGIC):
        inner = unpacked_head(head)
        name = _matching(inner) or (other_format(inner) or ("neither DICOM nor NIfTI",))[0]
        return f"packed with gzip ({name} inside); unpack it first"
    if other := other_format(head):
        return f"{other[0]}: {other[1]}"
    for header in _headers_beside(path):
        return f"the voxels of another file, it seems: pass its header '{clean(header.name)}'"
    return "neither DICOM, NIfTI, MetaImage, NRRD, TIFF, NPY nor NPZ by its first bytes"


def _headers_beside(path: Path) -> Iterator[Path]:
    """Header files of the same name."""
    beside = (path.with_suffix(suffix) for suffix in HEADER_SUFFIXES)
    return (each for each in beside if each != path and is_there(each))
