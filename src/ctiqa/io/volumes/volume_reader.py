"""The reader shared by all volume formats; each format describes the storage of its files."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from ctiqa.io.access.files import file_stamp
from ctiqa.io.access.regular import Stamp
from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.io.volumes.volume import Volume, doubt, volume_headers, volume_hu
from ctiqa.types import HuImage, SliceHeader


class VolumeReader:
    """Reader of one volume format.

    Args:
        describe: Describes the volume in a file, or raises
            :class:`ctiqa.errors.RefusedError`.
    """

    def __init__(self, describe: Callable[[Path], Volume]) -> None:
        def described(path: Path, _stamp: Stamp) -> Volume:
            return describe(path)

        # A volume is read slice by slice, and all slices need its header.
        self._described = lru_cache(maxsize=2)(described)

    def read_headers(
        self,
        path: Path,
        options: ReadOptions,
        stream: BinaryIO,  # noqa: ARG002
    ) -> Contents:
        """Describe the slices of a volume.

        Args:
            path: The file, or its header file.
            options: How to read it.
            stream: Not used; a volume may consist of several files.

        Returns:
            One header per slice in radiological display, and the separate data files, if any.

        Raises:
            RefusedError: If the file is damaged, not 3-D, not axial or not in HU.
        """
        volume = self._described(path, file_stamp(path))
        warning = doubt(volume)
        return Contents(
            volume_headers(volume, options),
            warnings=(warning,) if warning else (),
            companions=tuple(file for file in volume.storage.files if file != path),
        )

    def read_hu(self, header: SliceHeader, options: ReadOptions) -> HuImage:  # noqa: ARG002
        """Extract one slice from a volume.

        Args:
            header: A header of :meth:`read_headers`.
            options: Not used; the scaling in the file must give HU.

        Returns:
            HU, float32 [rows, cols], at least -1024.

        Raises:
            RefusedError: If the file is damaged or the slice is not in HU.
        """
        file = header.source.file
        return volume_hu(self._described(file, file_stamp(file)), header.source.frame)
