"""NIfTI-1 and NIfTI-2 in one file (.nii, .nii.gz)."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.files import GZIP_MAGIC, open_file
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Placement
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader

HEADER_BYTES = 540
"""Length of the longer header, that of NIfTI-2; NIfTI-1 takes 348."""

MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
"""Units of length other than mm."""


def _volume(path: Path) -> Volume:
    """How the voxels are stored."""
    with open_file(path) as stream:
        gzipped = stream.read(2) == GZIP_MAGIC
        stream.seek(0)
        with foreign("the NIfTI header"):
            head = (gzip.GzipFile(fileobj=stream) if gzipped else stream).read(HEADER_BYTES)
            header = _parsed(head)
            slope, intercept = header.get_slope_inter()
            return Volume(
                file=path,
                data_file=path,
                offset=int(header.get_data_offset()),
                dtype=header.get_data_dtype(),
                shape=_three(header.get_data_shape()),
                packing="gzip" if gzipped else "none",
                rescale=(1.0 if slope is None else float(slope), float(intercept or 0.0)),
                placement=_placement(header),
            )


def _parsed(head: bytes) -> Any:
    kind: Any = Nifti2Header if head[4:7] == b"n+2" else Nifti1Header
    return kind.from_fileobj(io.BytesIO(head))


def _three(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Numbers of voxels of a volume, where it is one.

    >>> _three((512, 512))
    (512, 512, 1)
    """
    trimmed = [int(length) for length in shape]
    while len(trimmed) > 3 and trimmed[-1] == 1:
        trimmed.pop()
    if not 2 <= len(trimmed) <= 3:
        raise RefusedError(Reason.NOT_2D, f"a volume must have 3 axes, got {len(trimmed)}")
    width, height, *depth = trimmed
    return width, height, depth[0] if depth else 1


def _placement(header: Any) -> Placement:
    """Where the voxels lie; NIfTI's axes point to the right and the front, DICOM's do not."""
    unit, _ = header.get_xyzt_units()
    affine = np.diag([-1.0, -1.0, 1.0]) @ np.asarray(header.get_best_affine(), float)[:3]
    affine = affine * MM_PER_UNIT.get(unit, 1.0)
    x_mm, y_mm, z_mm = affine[:, 3].tolist()
    first, second, third = (tuple(column) for column in affine[:, :3].T.tolist())
    return Placement(
        steps_mm=(first, second, third),
        origin_mm=(x_mm, y_mm, z_mm),
        oriented=bool(header["sform_code"] > 0 or header["qform_code"] > 0),
    )


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
