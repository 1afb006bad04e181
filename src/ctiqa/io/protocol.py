"""The interface of readers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ctiqa.types import HuImage, SliceHeader


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read files: what the user asserts beyond their headers.

    Attributes:
        tiff_hu: Float TIFF in [0, 1] follows LDCTIQAC2023: HU = 1400·p − 1000.
        allow_reformats: Also read coronal, sagittal and oblique reformats.
    """

    tiff_hu: bool = False
    allow_reformats: bool = False


DEFAULT_OPTIONS = ReadOptions()


@dataclass(frozen=True, slots=True)
class Contents:
    """The readable slices of one file.

    Attributes:
        headers: At least one header, in file order.
        warnings: Sentences about parts of the file that were left out.
        companions: Data files that belong to this file and are not inputs themselves.
    """

    headers: tuple[SliceHeader, ...]
    warnings: tuple[str, ...] = ()
    companions: tuple[Path, ...] = ()


class Reader(Protocol):
    """Reader of one file format. Both functions raise only :class:`ctiqa.errors.RefusedError`."""

    def read_headers(self, path: Path, options: ReadOptions, stream: BinaryIO) -> Contents:
        """Describe every slice of a file without reading its pixels.

        ``stream`` is the file, open at its start, so that readers need not open it again.
        """
        ...

    def read_hu(self, header: SliceHeader, options: ReadOptions) -> HuImage:
        """Read the pixels of one slice in HU."""
        ...
