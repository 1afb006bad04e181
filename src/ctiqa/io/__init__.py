"""Readers of DICOM, NIfTI, MetaImage, NRRD, TIFF and NumPy files, with output in HU.

Finding scans reads headers only; pixels are read slice by slice when needed.
"""

from __future__ import annotations

from ctiqa.io.find import Found, find_scans
from ctiqa.io.formats import read_file_headers
from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.io.scans import read_scans
from ctiqa.io.stream import read_slice, stream_slices

__all__ = [
    "Contents",
    "Found",
    "ReadOptions",
    "find_scans",
    "read_file_headers",
    "read_scans",
    "read_slice",
    "stream_slices",
]
