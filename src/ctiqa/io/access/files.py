"""Find files, open them, and detect their format by their first bytes."""

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
"""Maximum size of a DICOM file unpacked into memory, in bytes."""

_CHUNK_BYTES = 1 << 20

MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("dicom", re.compile(rb".{128}DICM", re.DOTALL)),
    ("nifti", re.compile(rb".{344}n[+i]1\0|.{4}n[+i]2\0", re.DOTALL)),
    ("nrrd", re.compile(rb"NRRD000")),
    ("npy", re.compile(rb"\x93NUMPY")),
    ("zip", re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)")),
    ("tiff", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("metaimage", re.compile(rb"\s*(ObjectType|NDims|Comment|ObjectSubType)\s*=")),
    # A data set without preamble starts with an element of group 2 or 8, in either byte order.
    ("dicom", re.compile(rb"[\x02\x08]\0[^\0]?|\0[\x02\x08]")),
)
"""Formats by their first bytes; the first match counts."""

GZIPPED = ("dicom", "nifti")
"""Formats that are also read from gzip files."""

HEADER_SUFFIXES = (".mhd", ".nhdr", ".hdr")
"""Suffixes of header files with the voxels in another file."""

IMAGE_SUFFIX = re.compile(
    r"\.(dcm|ima|nii|gz|hdr|img|mhd|mha|raw|zraw|nrrd|nhdr|tiff?|npy|npz)$", re.IGNORECASE
)
"""Suffixes of images; such files are not opened an extra time to check for archives."""

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)


def walk(paths: Sequence[str | Path]) -> list[Path]:
    """List files, the files in folders, and the files in ZIP archives of DICOM files.

    Hidden and system files inside folders are ignored, unless they are named in ``paths``. A folder
    that cannot be listed is itself part of the list, so that it is reported. Files in an archive
    are listed as ``archive.zip/folder/IM1.dcm``; an archive without DICOM is one file.

    Args:
        paths: Files and folders.

    Returns:
        Each file once, sorted by path. Several links to one file count once, with its real path if
        that is also in ``paths``.

    Raises:
        UsageError: If a path is empty, does not exist, or is a URL.
    """
    for path in paths:
        check_path(str(path))
    listed = sorted(list_files([os.fspath(path) for path in paths]), key=_parts)
    return [path for file in listed for path in _opened_up(file)]


def _parts(path: str) -> list[str]:
    """Sort key of paths: the same order as :class:`Path`, but much faster."""
    return path.split(os.sep)  # noqa: PTH206


def check_path(path: str) -> None:
    """Refuse a path that does not exist."""
    if not path:
        raise UsageError("a path must be a file or folder, got an empty one")
    if _is_there(path) or archives.locate(Path(path)):
        return
    if address := ADDRESS.match(path):
        raise UsageError(
            f"'{clean(path)}' must be a file or folder on this computer, got an address "
            f"({clean(address[1])}); ctiqa does not download: download it first"
        )
    raise UsageError(f"'{clean(path)}' must be a file or folder, got nothing there")


def _is_there(path: str) -> bool:
    """Whether a path exists, even if access is denied."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _opened_up(file: str) -> list[Path]:
    """The files in an archive of DICOM files, or in a folder of one; otherwise the file itself."""
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
        # It will be refused with the same message when it is read.
        pass
    return [path]


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading, or a file in a ZIP archive, which is unpacked into memory.

    Raises:
        RefusedError: With ``NO_PERMISSION``, ``EMPTY_FILE`` or ``UNKNOWN_FORMAT``; in archives
            also ``TOO_LARGE`` and ``CORRUPT``.
    """
    place = archives.locate(path)
    return open_regular(path) if place is None else archives.open_member(*place)


def file_stamp(path: Path) -> Stamp:
    """Modification time in ns and size in bytes of a file that :func:`open_file` opens.

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
    """Unpack a gzip stream into memory and verify its checksum.

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
    """Detect the format of a file by its content; its name is not used.

    Returns:
        ``"dicom"``, ``"nifti"``, ``"nrrd"``, ``"npy"``, ``"tiff"`` or ``"metaimage"``.

    Raises:
        RefusedError: With ``UNKNOWN_FORMAT``, or if the file cannot be read.
    """
    return _format(path, _head(path))


def sniff_open(path: Path, stream: BinaryIO) -> str:
    """Detect the format of an open file, and return to its start.

    Args:
        path: The file.
        stream: The same file, open at its start.

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
    """Format by the first bytes of a file, or ``None`` if ctiqa does not read it.

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
    """Describe a file of unknown format, as far as possible."""
    if head.startswith(GZIP_MAGIC):
        inner = unpacked_head(head)
        name = _matching(inner) or (other_format(inner) or ("neither DICOM nor NIfTI",))[0]
        return f"packed with gzip ({name} inside); unpack it first"
    if other := other_format(head):
        return f"{other[0]}: {other[1]}"
    for header in _headers_beside(path):
        return f"apparently the voxels of another file: pass its header '{clean(header.name)}'"
    return "neither DICOM, NIfTI, MetaImage, NRRD, TIFF, NPY nor NPZ by its first bytes"


def _headers_beside(path: Path) -> Iterator[Path]:
    """Existing header files of the same name."""
    beside = (path.with_suffix(suffix) for suffix in HEADER_SUFFIXES)
    return (each for each in beside if each != path and is_there(each))
