"""Writers of small volumes in every format, and readers that tests share."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from tests.io import make

from ctiqa.errors import RefusedError
from ctiqa.io import ReadOptions, find_scans, read_file_headers, read_slice

Array = npt.NDArray[Any]
SPACING = (0.7, 0.7, 3.0)


def stack() -> Array:
    """Three slices [slice, rows, cols] that look different under every flip."""
    return np.stack([make.phantom(256, 260, seed=seed) for seed in range(3)])


def read_all(path: Path, options: ReadOptions | None = None) -> Array:
    options = options or ReadOptions()
    (scan,) = find_scans([path], options).scans
    return np.stack([read_slice(header, options).hu for header in scan.headers])


def refusal(path: Path, options: ReadOptions | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_file_headers(path, options or ReadOptions())
    return caught.value


def write_nifti(
    path: Path, voxels: Array, affine: Array | None = None, patches: dict[int, bytes] | None = None
) -> Path:
    """Voxels [x, y, z]; the default affine is that of a DICOM series stacked upwards."""
    make_image: Any = nibabel.Nifti1Image
    image = make_image(voxels, np.diag([-0.7, -0.7, 3, 1]) if affine is None else affine)
    content = bytearray(image.to_bytes())
    for place, patch in (patches or {}).items():
        content[place : place + len(patch)] = patch
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def meta_header(data_file: str, **fields: str) -> bytes:
    values = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "-90 -90 100",
        "ElementSpacing": "0.7 0.7 3",
        "DimSize": "260 256 3",
        "ElementType": "MET_SHORT",
        **fields,
        "ElementDataFile": data_file,
    }
    return "".join(f"{key} = {value}\n" for key, value in values.items()).encode()


def nrrd_fields(**fields: Any) -> dict[str, Any]:
    return {
        "space": "left-posterior-superior",
        "space directions": np.diag(SPACING),
        "space origin": [-90, -90, 100],
        **fields,
    }


def as_nifti(folder: Path, hu: Array) -> Path:
    return write_nifti(folder / "a.nii", hu.transpose(2, 1, 0))


def as_nifti_gz(folder: Path, hu: Array) -> Path:
    return write_nifti(folder / "a.nii.gz", hu.transpose(2, 1, 0))


def as_mha(folder: Path, hu: Array) -> Path:
    path = folder / "a.mha"
    path.write_bytes(meta_header("LOCAL") + hu.tobytes())
    return path


def as_packed_mha(folder: Path, hu: Array) -> Path:
    path = folder / "a.mha"
    path.write_bytes(meta_header("LOCAL", CompressedData="True") + zlib.compress(hu.tobytes()))
    return path


def as_big_endian_mhd(folder: Path, hu: Array) -> Path:
    (folder / "a.raw").write_bytes(hu.astype(">i2").tobytes())
    path = folder / "a.mhd"
    path.write_bytes(meta_header("a.raw", BinaryDataByteOrderMSB="True"))
    return path


def as_nrrd(folder: Path, hu: Array) -> Path:
    path = folder / "a.nrrd"
    nrrd.write(str(path), hu.transpose(2, 1, 0), nrrd_fields(encoding="raw"))
    return path


def as_packed_nhdr(folder: Path, hu: Array) -> Path:
    path = folder / "a.nhdr"
    nrrd.write(str(path), hu.transpose(2, 1, 0), nrrd_fields(encoding="gzip"))
    return path


def as_npy(folder: Path, hu: Array) -> Path:
    np.save(folder / "a.npy", hu)
    return folder / "a.npy"


def as_fortran_npy(folder: Path, hu: Array) -> Path:
    np.save(folder / "a.npy", np.asfortranarray(hu))
    return folder / "a.npy"


def as_npz(folder: Path, hu: Array) -> Path:
    np.savez_compressed(folder / "a.npz", hu=hu, spacing_mm=[3, 0.7, 0.7], z_mm=[0, 3, 6])
    return folder / "a.npz"


def as_tiff(folder: Path, hu: Array) -> Path:
    tifffile.imwrite(folder / "a.tif", hu, photometric="minisblack")
    return folder / "a.tif"


def as_deflated_tiff(folder: Path, hu: Array) -> Path:
    tifffile.imwrite(folder / "a.tif", hu, photometric="minisblack", compression="zlib")
    return folder / "a.tif"


FORMATS = [
    as_nifti,
    as_nifti_gz,
    as_mha,
    as_packed_mha,
    as_big_endian_mhd,
    as_nrrd,
    as_packed_nhdr,
    as_npy,
    as_fortran_npy,
    as_npz,
    as_tiff,
    as_deflated_tiff,
]
PLACED = FORMATS[:7]
