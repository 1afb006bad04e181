"""What every reader is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ctiqa.types import HuImage, SliceHeader


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user vouches for beyond what the files say.

    Attributes:
        tiff_hu: Float TIFF in [0, 1] follows LDCTIQAC2023: HU = 1400·p − 1000.
        allow_reformats: Coronal, sagittal and oblique reformats are read too.
    """

    tiff_hu: bool = False
    allow_reformats: bool = False


DEFAULT_OPTIONS = ReadOptions()


@dataclass(frozen=True, slots=True)
class Contents:
    """The readable slices of one file.

    Attributes:
        headers: At least one header, in file order.
        warnings: Sentences about what in the file was left out.
        companions: Data files that belong to this one and are no input of their own.
    """

    headers: tuple[SliceHeader, ...]
    warnings: tuple[str, ...] = ()
    companions: tuple[Path, ...] = ()


class Reader(Protocol):
    """One file format. Both functions raise :class:`ctiqa.errors.RefusedError` alone."""

    def read_headers(self, path: Path, options: ReadOptions, stream: BinaryIO) -> Contents:
        """Describe every slice of a file without reading its pixels.

        ``stream`` is the file, open at its start, for readers that need not open it once more.
        """
        ...

    def read_hu(self, header: SliceHeader, options: ReadOptions) -> HuImage:
        """Read the pixels of one slice, in HU."""
        ...
