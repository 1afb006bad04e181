"""The reader that all formats of volumes share; each tells how its files store their voxels."""

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
    """Reader of one format, in which a file is one volume.

    Args:
        describe: Tells what a file says about its voxels, or raises
            :class:`ctiqa.errors.RefusedError`.
    """

    def __init__(self, describe: Callable[[Path], Volume]) -> None:
        def described(path: Path, _stamp: Stamp) -> Volume:
            return describe(path)

        # A volume is read slice by slice, and its header is the same for all of them.
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
            options: What the user vouches for.
            stream: Not needed: a volume may lie in several files.

        Returns:
            One header a slice, cut for radiological display, and the data files if they are others.

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
        """Cut one slice out of a volume.

        Args:
            header: A header of :meth:`read_headers`.
            options: Not needed: the file's own scaling leads to HU or nowhere.

        Returns:
            HU, float32 [rows, cols], at least -1024.

        Raises:
            RefusedError: If the file is damaged or the slice is not in HU.
        """
        file = header.source.file
        return volume_hu(self._described(file, file_stamp(file)), header.source.frame)
