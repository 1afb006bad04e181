"""Which module reads which format."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from ctiqa.io.access.files import sniff
from ctiqa.io.dicom.decoding.lazy_gdcm import load_pydicom
from ctiqa.io.protocol import DEFAULT_OPTIONS, Contents, Reader, ReadOptions
from ctiqa.io.silence import silent
from ctiqa.types import Slice, SliceHeader

READERS = {
    "dicom": "ctiqa.io.dicom.reader",
    "nifti": "ctiqa.io.volumes.nifti",
    "metaimage": "ctiqa.io.volumes.metaimage",
    "nrrd": "ctiqa.io.volumes.nrrd",
    "npy": "ctiqa.io.volumes.npy",
    "tiff": "ctiqa.io.tiff",
}
"""Module by format. Imported when the first such file is met: each costs 0.1–0.3 s to load."""


def reader_of(path: Path) -> Reader:
    """The reader of a file, chosen by its content.

    Raises:
        RefusedError: With ``UNKNOWN_FORMAT``, or if the file cannot be read.
    """
    name = sniff(path)
    if name == "dicom":
        load_pydicom()
    return cast("Reader", import_module(READERS[name]))


def read_headers(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Contents:
    """Describe every slice of one file without reading its pixels.

    Args:
        path: File in any supported format.
        options: What the user vouches for.

    Returns:
        At least one header, in file order.

    Raises:
        RefusedError: If the file holds no axial CT slice in HU.
    """
    with silent():
        return reader_of(path).read_headers(path, options)


def read_slice(header: SliceHeader, options: ReadOptions = DEFAULT_OPTIONS) -> Slice:
    """Read one slice, in HU, in this process.

    Args:
        header: A header from :func:`ctiqa.io.find_scans`.
        options: The options it was found with.

    Returns:
        The slice: float32 [rows, cols], finite, at least -1024 HU.

    Raises:
        RefusedError: If the pixels cannot be decoded or are not HU.
    """
    with silent():
        return Slice(reader_of(header.source.file).read_hu(header, options), header)
