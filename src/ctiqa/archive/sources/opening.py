"""Recognise what is to be surveyed by its address."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ctiqa.archive.sources.addresses import scheme_of
from ctiqa.archive.sources.dicomweb.site import SCHEMES
from ctiqa.archive.sources.dicomweb.source import DicomwebSource
from ctiqa.archive.sources.manifest.source import ManifestSource
from ctiqa.archive.sources.manifest.writing import SUFFIXES
from ctiqa.archive.sources.objects import ObjectSource
from ctiqa.archive.unit import Source
from ctiqa.errors import UsageError


def open_source(
    text: str, *, since: date | None = None, until: date | None = None
) -> Source | None:
    """The source at an address, which is not asked for anything yet.

    Args:
        text: ``https://HOST/dicom-web`` of a DICOMweb server, a URL of fsspec
            (``s3://bucket/prefix``), or a manifest (``.csv``, ``.parquet``).
        since: First day of the study; DICOMweb servers are asked only for days from this one.
        until: Last day of the study, likewise.

    Returns:
        The source; ``None`` for folders and other files of this computer.

    Raises:
        UsageError: If the address is wrong, a manifest does not exist, or an extra is missing.

    >>> open_source("/data/ct")
    >>> open_source("s3://bucket/ct").name
    's3://bucket/ct'
    """
    scheme = scheme_of(text)
    if scheme in SCHEMES:
        return DicomwebSource(text, since, until)
    is_table = text.lower().endswith(SUFFIXES)
    if scheme is None:
        return ManifestSource(Path(text)) if is_table and not Path(text).is_dir() else None
    if is_table:
        raise UsageError(f"a manifest must be a local file, got one of '{scheme}://'; download it")
    return ObjectSource(text)
