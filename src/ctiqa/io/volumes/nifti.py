"""NIfTI-1 and NIfTI-2, in one file (.nii) or as a pair (.hdr and .img), also gzipped."""

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
"""Magic bytes of headers of pairs."""

MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
"""Units of length other than mm, in mm."""

MIN_VOLUME = 1e-3
"""Smallest volume spanned by three unit vectors that are accepted as axes."""

MIN_STEP = 1e-6
"""Smallest step between voxels, in any unit, that counts as non-zero."""

Affine = npt.NDArray[np.float64]


def _volume(path: Path) -> Volume:
    """Describe the volume in a file."""
    head = _read_head(path)
    with foreign("the NIfTI header"):
        kind = _kind(head)
        raw = head[: kind.template_dtype.itemsize]
        # With checks enabled, nibabel replaces a size of 0 by 1.
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
    """The bytes of the header, unpacked."""
    gzipped = _is_gzipped(path)
    with open_file(path) as stream:
        return _unpacked_head(stream) if gzipped else stream.read(HEADER_BYTES)


def _unpacked_head(stream: BinaryIO) -> bytes:
    packed, head = Inflated(stream, "the NIfTI header"), b""
    while len(head) < HEADER_BYTES and (chunk := packed.read(HEADER_BYTES - len(head))):
        head += chunk
    return head


def _kind(head: bytes) -> Any:
    """The nibabel class of a header."""
    kinds: dict[tuple[bool, bool], Any] = {
        (False, False): Nifti1Header,
        (False, True): Nifti1PairHeader,
        (True, False): Nifti2Header,
        (True, True): Nifti2PairHeader,
    }
    second = head[4:7] in (b"n+2", b"ni2")
    return kinds[second, (head[5:6] if second else head[345:346]) == b"i"]


def _offset(header: Any, least: int) -> int:
    """Position of the first voxel, after unpacking; in a single file it is after the header."""
    offset = int(header["vox_offset"])
    if offset < least:
        raise RefusedError(Reason.CORRUPT, f"'vox_offset' must be at least {least}, got {offset}")
    return offset


def _image_beside(path: Path) -> Path:
    """The voxel file of a pair, compressed or not."""
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
    """Geometry of the voxels: from the sform, else the qform, else only the spacings."""
    sized = bool(np.isfinite(sizes).all() and (sizes > 0).all())
    if header["sform_code"] > 0 and _spans_space(affine := header.get_sform()):
        return _in_lps(affine, header, oriented=True)
    if header["qform_code"] > 0 and sized and _spans_space(affine := _qform(header)):
        return _in_lps(affine, header, oriented=True)
    return _in_lps(np.diag([*sizes, 1.0]), header, oriented=False) if sized else None


def _qform(header: Any) -> Affine:
    """The affine of the qform; NaN if its quaternion is invalid."""
    try:
        return np.asarray(header.get_qform(), float)
    # nibabel raises its own exception.
    except Exception:  # noqa: BLE001
        return np.full((4, 4), np.nan)


def _spans_space(affine: Affine) -> bool:
    """Whether three axes are linearly independent."""
    steps = np.asarray(affine, float)[:3, :3]
    lengths = np.linalg.norm(steps, axis=0)
    if not np.isfinite(affine).all() or not (lengths > MIN_STEP).all():
        return False
    return abs(float(np.linalg.det(steps / lengths))) > MIN_VOLUME


def _in_lps(affine: Affine, header: Any, *, oriented: bool) -> Placement:
    """Geometry of the voxels, converted from NIfTI's RAS axes to LPS."""
    unit, _ = header.get_xyzt_units()
    affine = np.diag([-1.0, -1.0, 1.0]) @ affine[:3] * MM_PER_UNIT.get(unit, 1.0)
    x_mm, y_mm, z_mm = affine[:, 3].tolist()
    first, second, third = (tuple(column) for column in affine[:, :3].T.tolist())
    return Placement((first, second, third), (x_mm, y_mm, z_mm), oriented)


_READER = VolumeReader(_volume)
read_headers, read_hu = _READER.read_headers, _READER.read_hu
