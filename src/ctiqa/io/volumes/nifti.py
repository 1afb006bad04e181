"""NIfTI-1 and NIfTI-2, in one file (.nii) or as a pair (.hdr and .img), also packed with gzip."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.access.files import open_file
from ctiqa.io.access.inflated import GZIP_MAGIC, Inflated
from ctiqa.io.access.regular import is_there
from ctiqa.io.silence import foreign
from ctiqa.io.volumes.axes import Placement
from ctiqa.io.volumes.shapes import kept_axes, three
from ctiqa.io.volumes.storage import Storage
from ctiqa.io.volumes.volume import Volume
from ctiqa.io.volumes.volume_reader import VolumeReader

HEADER_BYTES = 540
"""Length of the longer header, that of NIfTI-2; NIfTI-1 takes 348."""

PAIRS = (b"ni1", b"ni2")
"""How the headers of pairs are marked."""

MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
"""Units of length other than mm."""

MIN_VOLUME = 1e-3
"""Smallest volume that three unit vectors span which are believed to be the axes of a patient."""

MIN_STEP = 1e-6
"""Smallest step from voxel to voxel, in whatever unit, that is not none."""

Affine = npt.NDArray[np.float64]


def _volume(path: Path) -> Volume:
    """What the file says about its voxels."""
    head = _read_head(path)
    with foreign("the NIfTI header"):
        kind = _kind(head)
        raw = head[: kind.template_dtype.itemsize]
        # Checked, the library puts 1 where a size is 0.
        sizes = np.abs(np.asarray(kind(raw, check=False)["pixdim"][1:4], float))
        header = kind(raw)
        slope, intercept = header.get_slope_inter()
        return Volume(
            file=path,
            storage=_storage(path, header),
            rescale=(1.0 if slope is None else float(slope), float(intercept or 0.0)),
            placement=_placement(header, sizes),
        )


def _storage(path: Path, header: Any) -> Storage:
    is_pair = header["magic"].item()[:3] in PAIRS
    data_file = _image_beside(path) if is_pair else path
    sizes = header.get_data_shape()
    return Storage(
        files=(data_file,),
        dtype=header.get_data_dtype(),
        shape=three(sizes, kept_axes(sizes)),
        packing="gzip" if _is_gzipped(data_file) else "none",
        skip=_offset(header, 0 if is_pair else len(header.binaryblock)),
    )


def _read_head(path: Path) -> bytes:
    """The header's bytes, unpacked."""
    gzipped = _is_gzipped(path)
    with open_file(path) as stream:
        return _unpacked_head(stream) if gzipped else stream.read(HEADER_BYTES)


def _unpacked_head(stream: BinaryIO) -> bytes:
    packed, head = Inflated(stream, "the NIfTI header"), b""
    while len(head) < HEADER_BYTES and (chunk := packed.read(HEADER_BYTES - len(head))):
        head += chunk
    return head


def _kind(head: bytes) -> Any:
    """The library's class for a header."""
    kinds: dict[tuple[bool, bool], Any] = {
        (False, False): Nifti1Header,
        (False, True): Nifti1PairHeader,
        (True, False): Nifti2Header,
        (True, True): Nifti2PairHeader,
    }
    second = head[4:7] in (b"n+2", b"ni2")
    return kinds[second, (head[5:6] if second else head[345:346]) == b"i"]


def _offset(header: Any, least: int) -> int:
    """Position of the first voxel, after unpacking; in one file it lies behind the header."""
    offset = int(header["vox_offset"])
    if offset < least:
        raise RefusedError(Reason.CORRUPT, f"'vox_offset' must be at least {least}, got {offset}")
    return offset


def _image_beside(path: Path) -> Path:
    """The file with the voxels of a pair, packed or not."""
    stem = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    suffix = ".IMG" if stem.suffix.isupper() else ".img"
    plain = stem.with_suffix(suffix)
    packed = plain.with_name(f"{plain.name}.gz")
    return packed if is_there(packed) and not is_there(plain) else plain


def _is_gzipped(path: Path) -> bool:
    if not is_there(path):
        return False
    with open_file(path) as stream:
        return stream.read(2) == GZIP_MAGIC


def _placement(header: Any, sizes: Affine) -> Placement | None:
    """Where the voxels lie: by the sform, else the qform; else only how large they are."""
    sized = bool(np.isfinite(sizes).all() and (sizes > 0).all())
    if header["sform_code"] > 0 and _spans_space(affine := header.get_sform()):
        return _in_lps(affine, header, oriented=True)
    if header["qform_code"] > 0 and sized and _spans_space(affine := _qform(header)):
        return _in_lps(affine, header, oriented=True)
    return _in_lps(np.diag([*sizes, 1.0]), header, oriented=False) if sized else None


def _qform(header: Any) -> Affine:
    """The affine of the qform; NaN where its quaternion is none."""
    try:
        return np.asarray(header.get_qform(), float)
    # The library raises its own kind of error.
    except Exception:  # noqa: BLE001
        return np.full((4, 4), np.nan)


def _spans_space(affine: Affine) -> bool:
    """Whether three axes point into three directions."""
    steps = np.asarray(affine, float)[:3, :3]
    lengths = np.linalg.norm(steps, axis=0)
    if not np.isfinite(affine).all() or not (lengths > MIN_STEP).all():
        return False
    return abs(float(np.linalg.det(steps / lengths))) > MIN_VOLUME


def _in_lps(affine: Affine, header: Any, *, oriented: bool) -> Placement:
    """Where the voxels lie; NIfTI's axes point to the right and the front, DICOM's do not."""
    unit, _ = header.get_xyzt_units()
    affine = np.diag([-1.0, -1.0, 1.0]) @ affine[:3] * MM_PER_UNIT.get(unit, 1.0)
    x_mm, y_mm, z_mm = affine[:, 3].tolist()
    first, second, third = (tuple(column) for column in affine[:, :3].T.tolist())
    return Placement((first, second, third), (x_mm, y_mm, z_mm), oriented)


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
