"""The reader that all formats of volumes share; each tells how its files store their voxels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctiqa.io.protocol import Contents, ReadOptions
from ctiqa.io.volumes.volume import Volume, volume_headers, volume_hu
from ctiqa.types import HuImage, SliceHeader


@dataclass(frozen=True, slots=True)
class VolumeReader:
    """Reader of one format, in which a file is one volume.

    Attributes:
        describe: Tells how the voxels of a file are stored, or raises
            :class:`ctiqa.errors.RefusedError`.
    """

    describe: Callable[[Path], Volume]

    def read_headers(self, path: Path, options: ReadOptions) -> Contents:
        """Describe the slices of a volume.

        Args:
            path: The file, or its header file.
            options: What the user vouches for.

        Returns:
            One header a slice, cut for radiological display, and the data file if it is another.

        Raises:
            RefusedError: If the file is damaged, not 3-D, not axial or not in HU.
        """
        volume = self.describe(path)
        companions = () if volume.data_file == path else (volume.data_file,)
        return Contents(volume_headers(volume, options), companions=companions)

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
        return volume_hu(self.describe(header.source.file), header.source.frame)
