"""NIfTI, MetaImage, NRRD, TIFF and NumPy volumes, read back against what was written."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from tests.io import make

from ctiqa.errors import Reason, RefusedError
from ctiqa.io import ReadOptions, find_scans, read_headers, read_slice

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
        read_headers(path, options or ReadOptions())
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


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_the_same_hu(
    tmp_path: Path, write: Callable[[Path, Array], Path]
) -> None:
    write(tmp_path, stack())
    np.testing.assert_array_equal(read_all(tmp_path), stack())


@pytest.mark.parametrize("write", PLACED)
def test_geometry_of_formats_that_know_it(
    tmp_path: Path, write: Callable[[Path, Array], Path]
) -> None:
    headers = read_headers(write(tmp_path, stack())).headers
    assert headers[0].spacing_mm == pytest.approx((0.7, 0.7))
    assert headers[0].orientation == pytest.approx((1, 0, 0, 0, 1, 0))
    assert headers[2].z_mm is not None
    assert headers[0].z_mm is not None
    assert headers[2].z_mm - headers[0].z_mm == pytest.approx(6)
    assert headers[0].flags == ()


def test_npz_knows_spacing_and_positions(tmp_path: Path) -> None:
    headers = read_headers(as_npz(tmp_path, stack())).headers
    assert [header.z_mm for header in headers] == [0, 3, 6]
    assert headers[0].spacing_mm == (0.7, 0.7)


@pytest.mark.parametrize("write", [as_mha, as_packed_mha, as_nifti, as_nifti_gz, as_npy, as_nrrd])
def test_missing_voxels_are_truncated(tmp_path: Path, write: Callable[[Path, Array], Path]) -> None:
    path = write(tmp_path, stack())
    path.write_bytes(path.read_bytes()[:-1000])
    assert refusal(path).reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    ("affine", "order"),
    [
        (np.diag([-0.7, -0.7, 3, 1]), (0, 1, 2)),
        (np.diag([0.7, 0.7, 3, 1]), (0, 1, 2)),
        (np.diag([0.7, 0.7, -3, 1]), (0, 1, 2)),
        (np.array([[0, 0, 0.7, 0], [3e-9, 0.7, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1]]), (2, 1, 0)),
    ],
)
def test_nifti_axes_are_put_into_radiological_display(
    tmp_path: Path, affine: Array, order: tuple[int, int, int]
) -> None:
    """However the voxels are stored, the patient's right is on the left and the front is up."""
    display = stack()
    voxels = display.transpose(2, 1, 0)
    if affine[0].sum() > 0:
        voxels = voxels[::-1]
    if affine[1].sum() > 0:
        voxels = voxels[:, ::-1]
    if affine[2].sum() < 0:
        voxels = voxels[:, :, ::-1]
    path = write_nifti(tmp_path / "a.nii", voxels.transpose(order), affine)
    np.testing.assert_array_equal(read_all(path), display)


def test_coronal_stack_needs_to_be_asked_for(tmp_path: Path) -> None:
    """Slices are stacked along the odd spacing, here from front to back."""
    voxels = stack().transpose(2, 0, 1)
    affine = np.array([[-0.7, 0, 0, 0], [0, -3, 0, 0], [0, 0, -0.7, 0], [0, 0, 0, 1.0]])
    path = write_nifti(tmp_path / "a.nii", voxels, affine)
    assert refusal(path).reason is Reason.NOT_AXIAL
    options = ReadOptions(allow_reformats=True)
    assert read_headers(path, options).headers[0].orientation == pytest.approx((1, 0, 0, 0, 0, -1))
    np.testing.assert_array_equal(read_all(path, options), stack())


def test_nifti_scaling_and_units(tmp_path: Path) -> None:
    stored = (stack() + 1024).astype(np.uint16).transpose(2, 1, 0)
    scaling = np.array([1, -1024], "<f4").tobytes()
    metres = np.diag([-0.0007, -0.0007, 0.003, 1])
    path = write_nifti(tmp_path / "a.nii", stored, metres, {112: scaling, 123: b"\x01"})
    np.testing.assert_array_equal(read_all(path), stack())
    assert read_headers(path).headers[0].spacing_mm == pytest.approx((0.7, 0.7))


def test_nifti_without_orientation_is_flagged(tmp_path: Path) -> None:
    """Neither qform nor sform holds."""
    path = write_nifti(tmp_path / "a.nii", stack().transpose(2, 1, 0), patches={252: bytes(4)})
    assert read_headers(path).headers[0].flags == ("orientation_unknown",)


@pytest.mark.parametrize(
    ("voxels", "reason"),
    [
        (np.random.default_rng(0).random((260, 256, 3), np.float32), Reason.HU_CONVENTION_UNKNOWN),
        ((stack() + 1024).astype(np.uint16).transpose(2, 1, 0), Reason.HU_CONVENTION_UNKNOWN),
        (np.full((260, 256, 3), -np.inf, np.float32), Reason.NOT_FINITE),
        (np.full((260, 256, 3), np.nan, np.float32), Reason.NOT_FINITE),
        (np.full((260, 256, 3), 1e6, np.float32), Reason.NOT_HU),
        (np.zeros((260, 256, 3, 2), np.int16), Reason.NOT_2D),
        (np.zeros((260, 256, 3), np.complex64), Reason.NOT_HU),
        (np.zeros((260, 256, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")]), Reason.COLOUR),
        (np.zeros((64, 64, 3), np.int16), Reason.TOO_SMALL),
    ],
)
def test_nifti_refusals(tmp_path: Path, voxels: Array, reason: Reason) -> None:
    assert refusal(write_nifti(tmp_path / "a.nii", voxels)).reason is reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ElementNumberOfChannels": "3"}, Reason.COLOUR),
        ({"ElementType": "MET_OTHER"}, Reason.NOT_HU),
        ({"DimSize": "260 256 3 2"}, Reason.NOT_2D),
        ({"DimSize": "260 many 3"}, Reason.CORRUPT),
        ({"HeaderSize": "-1"}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        ({"ElementSpacing": "0.7 0.9 3"}, Reason.NON_SQUARE_PIXELS),
    ],
)
def test_metaimage_refusals(tmp_path: Path, fields: dict[str, str], reason: Reason) -> None:
    path = tmp_path / "a.mha"
    path.write_bytes(meta_header("LOCAL", **fields) + stack().tobytes())
    assert refusal(path).reason is reason


@pytest.mark.parametrize("name", ["../a.raw", "LIST", "slice%03d.raw", "/etc/passwd"])
def test_metaimage_reads_no_other_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.mhd"
    path.write_bytes(meta_header(name))
    assert refusal(path).reason is Reason.UNSUPPORTED_TRANSFER_SYNTAX


def test_header_without_its_data_file(tmp_path: Path) -> None:
    path = as_big_endian_mhd(tmp_path, stack())
    (tmp_path / "a.raw").unlink()
    assert refusal(path).reason is Reason.NO_PIXELS


@pytest.mark.parametrize(
    ("voxels", "fields", "reason"),
    [
        (stack().transpose(2, 1, 0), {"encoding": "bzip2"}, Reason.UNSUPPORTED_TRANSFER_SYNTAX),
        (stack().astype(np.uint16), {}, Reason.HU_CONVENTION_UNKNOWN),
        ((stack().transpose(2, 1, 0) / 4000).astype(np.float32), {}, Reason.HU_CONVENTION_UNKNOWN),
        (stack(), {"kinds": ["vector", "domain", "domain"]}, Reason.COLOUR),
    ],
)
def test_nrrd_refusals(
    tmp_path: Path, voxels: Array, fields: dict[str, Any], reason: Reason
) -> None:
    path = tmp_path / "a.nrrd"
    nrrd.write(str(path), voxels, nrrd_fields(**{"encoding": "raw", **fields}))
    assert refusal(path).reason is reason


def test_nrrd_with_spacings_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    nrrd.write(str(path), stack().transpose(2, 1, 0), {"spacings": [0.7, 0.7, 3.0]})
    header = read_headers(path).headers[1]
    assert (header.spacing_mm, header.z_mm) == ((0.7, 0.7), 3.0)
    assert header.flags == ("orientation_unknown",)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (stack().astype(np.uint16), Reason.HU_CONVENTION_UNKNOWN),
        (stack()[None], Reason.NOT_2D),
        (stack().astype(bool), Reason.NOT_HU),
        (np.array([{"a": 1}] * 300, dtype=object).reshape(300, 1), Reason.NOT_HU),
        (np.full((300, 300), np.nan, np.float32), Reason.NOT_FINITE),
    ],
)
def test_npy_refusals(tmp_path: Path, array: Array, reason: Reason) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    assert refusal(tmp_path / "a.npy").reason is reason


def test_npz_without_hu_and_with_pickles(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=stack())
    assert refusal(tmp_path / "a.npz").reason is Reason.UNKNOWN_FORMAT
    np.savez(tmp_path / "b.npz", hu=stack(), spacing_mm=np.array([{}], dtype=object))
    assert refusal(tmp_path / "b.npz").reason is Reason.CORRUPT
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("spacing_mm.npy", bytes(2_000_000))
        archive.writestr("hu.npy", b"")
    assert refusal(tmp_path / "c.npz").reason is Reason.CORRUPT


def test_challenge_tiff_needs_the_users_word(tmp_path: Path) -> None:
    """LDCTIQAC2023: HU = 1400 p - 1000."""
    path = tmp_path / "0000.tif"
    pixels = np.random.default_rng(0).random((512, 512), np.float32)
    tifffile.imwrite(path, pixels)
    error = refusal(path)
    assert error.reason is Reason.HU_CONVENTION_UNKNOWN
    assert "--tiff-hu" in error.detail
    hu = read_all(path, ReadOptions(tiff_hu=True))[0]
    np.testing.assert_allclose(hu, 1400 * pixels - 1000, atol=1e-3)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((512, 512), 1.5, np.float32), Reason.NOT_HU),
        (np.full((512, 512), np.nan, np.float32), Reason.NOT_FINITE),
        (np.zeros((512, 512), np.uint16), Reason.HU_CONVENTION_UNKNOWN),
        (np.zeros((512, 512), np.int8), Reason.HU_CONVENTION_UNKNOWN),
        (np.zeros((512, 512), np.int16), Reason.HU_CONVENTION_UNKNOWN),
        (np.zeros((512, 512, 3), np.uint8), Reason.COLOUR),
        (np.zeros((64, 64), np.int16), Reason.TOO_SMALL),
    ],
)
def test_tiff_refusals(tmp_path: Path, pixels: Array, reason: Reason) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    assert refusal(tmp_path / "a.tif", ReadOptions(tiff_hu=True)).reason is reason


def test_unpacked_volume_is_not_kept_after_a_change(tmp_path: Path) -> None:
    path = as_packed_mha(tmp_path, stack())
    assert read_all(path)[0, 0, 0] == stack()[0, 0, 0]
    changed = stack() - 7
    as_packed_mha(tmp_path, changed)
    np.testing.assert_array_equal(read_all(path), np.maximum(changed, -1024))
