"""The table of readers by format."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from ctiqa.io.access.archives import locate
from ctiqa.io.access.files import open_file, sniff, sniff_open
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
"""Modules by format. Each takes 0.1–0.3 s to load, so it is imported with the first such file."""


def reader_of(name: str) -> Reader:
    """The reader of a format.

    Args:
        name: A key of :data:`READERS`.
    """
    if name == "dicom":
        load_pydicom()
    return cast("Reader", import_module(READERS[name]))


def read_file_headers(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Contents:
    """Describe every slice of one file without reading its pixels.

    Args:
        path: File in any supported format.
        options: How to read it.

    Returns:
        At least one header, in file order.

    Raises:
        RefusedError: If the file contains no axial CT slice in HU.
    """
    with silent():
        if locate(path):
            # Archive members are unpacked completely, so only if the format is readable.
            sniff(path)
        with open_file(path) as stream:
            name = sniff_open(path, stream)
            found = reader_of(name).read_headers(path, options, stream)
    headers = (replace(h, source=replace(h.source, format=name)) for h in found.headers)
    return replace(found, headers=tuple(headers))


def read_here(header: SliceHeader, options: ReadOptions = DEFAULT_OPTIONS) -> Slice:
    """Read one slice in HU, in this process.

    Args:
        header: A header from :func:`ctiqa.io.find_scans`.
        options: The options it was found with.

    Returns:
        The slice: float32 [rows, cols], finite, at least -1024 HU.

    Raises:
        RefusedError: If the pixels cannot be decoded or are not HU.
    """
    with silent():
        name = header.source.format or sniff(header.source.file)
        return Slice(reader_of(name).read_hu(header, options), header)
