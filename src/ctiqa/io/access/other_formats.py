"""Formats that ctiqa does not read, by their first bytes, with the remedy."""

from __future__ import annotations

import re

UNPACK = "unpack it first"
ORIGINAL = "pass the original CT images"
CONVERT = "convert it to NIfTI or DICOM first"

OTHERS: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), name, remedy)
    for pattern, name, remedy in (
        (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
        (rb"Rar!\x1a\x07", "a RAR archive", UNPACK),
        (rb".{257}ustar", "a tar archive", UNPACK),
        (rb"BZh[1-9]", "packed with bzip2", UNPACK),
        (rb"\xfd7zXZ\0", "packed with xz", UNPACK),
        (rb"\x28\xb5\x2f\xfd", "packed with Zstandard", UNPACK),
        (rb"\x1f\x9d", "packed with compress", UNPACK),
        (rb"MSCF\0", "a cabinet archive", UNPACK),
        (rb"%PDF-", "a PDF document", ORIGINAL),
        (rb"\xff\xd8\xff", "a JPEG picture", ORIGINAL),
        (rb"\x89PNG", "a PNG picture", ORIGINAL),
        (rb"GIF8", "a GIF picture", ORIGINAL),
        (rb"BM.{4}\0\0\0\0", "a BMP picture", ORIGINAL),
        (rb"\xff\x4f\xff\x51|\0\0\0\x0cjP", "a bare JPEG 2000 picture", ORIGINAL),
        (rb"\s*<(!doctype )?html", "an HTML page", ORIGINAL),
        (rb"\x89HDF", "an HDF5 or MINC file", CONVERT),
        (rb"CDF[\x01\x02]", "a NetCDF or MINC file", CONVERT),
        (rb"MATLAB 5", "a MATLAB file", CONVERT),
        (rb"# vtk DataFile", "a VTK file", CONVERT),
        (rb"!INTERFILE", "an Interfile header", CONVERT),
        (rb"(\x5c\x01\0\0|\0\0\x01\x5c).{34}r", "an ANALYZE 7.5 header", CONVERT),
    )
)
"""Formats and remedies by first bytes; the first match counts."""


def other_format(head: bytes) -> tuple[str, str] | None:
    """Format and remedy by the first bytes of a file; ``None`` if unknown.

    >>> other_format(b"%PDF-1.7")
    ('a PDF document', 'pass the original CT images')
    """
    return next(((name, remedy) for pattern, name, remedy in OTHERS if pattern.match(head)), None)
