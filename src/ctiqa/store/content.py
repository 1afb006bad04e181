"""What a series contains: a digest of its pixels and geometry, wherever its files are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ctiqa.errors import RefusedError
from ctiqa.io.access.files import open_file
from ctiqa.io.dicom.reader import pixel_fingerprint
from ctiqa.io.formats import read_file_headers
from ctiqa.io.protocol import ReadOptions
from ctiqa.io.silence import silent
from ctiqa.types import Scan, SliceHeader, SliceSource

CHUNK = 1 << 20

WITH_DATA_FILES = frozenset({"metaimage", "nrrd", "nifti"})
"""Formats in which the voxels may be in other files than the header."""

ANYTHING = ReadOptions(tiff_hu=True, allow_reformats=True)


def content_digest(scan: Scan) -> str:
    """Digest of the stored pixels, pixel spacings and positions of a series.

    It does not depend on names or places of files, on their order, or on the rest of a DICOM
    header; separate data files of a volume are part of it. Every file is read once; hashing takes
    about 1 ms a slice.

    Args:
        scan: A series as :func:`ctiqa.read_scans` has found it.

    Returns:
        SHA-256, 64 hexadecimal digits. A file that cannot be read counts as one without pixels.

    >>> low, high = (
    ...     SliceHeader(SliceSource(Path("a.nii"), frame), 512, 512, z_mm=5.0 * frame)
    ...     for frame in (0, 1)
    ... )
    >>> up, down = Scan("1.2", Path(), (low, high)), Scan("1.2", Path(), (high, low))
    >>> content_digest(up) == content_digest(down)
    True
    """
    digests: dict[Path, str] = {}
    for header in scan.headers:
        source = header.source
        if source.file not in digests:
            digests[source.file] = _file_digest(source)
    lines = sorted(_line(header, digests[header.source.file]) for header in scan.headers)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(header: SliceHeader, digest: str) -> str:
    return f"{digest} {header.source.frame} {header.spacing_mm} {header.z_mm}"


def _file_digest(source: SliceSource) -> str:
    try:
        with silent():
            if source.format == "dicom":
                return pixel_fingerprint(source.file, source.kept)[1].hex()
            return _bytes_digest([source.file, *data_files(source)])
    except RefusedError as error:
        return error.reason.value


def data_files(source: SliceSource) -> tuple[Path, ...]:
    """The separate files with the voxels of a volume, which its header names.

    >>> data_files(SliceSource(Path("1.dcm"), format="dicom"))
    ()
    """
    if source.format not in WITH_DATA_FILES:
        return ()
    try:
        return read_file_headers(source.file, ANYTHING).companions
    except RefusedError:
        return ()


def _bytes_digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with open_file(file) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
