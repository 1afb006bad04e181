"""NIfTI: scaling, units, orientations that are none, pairs, offsets and packing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from tests.io.volumes import Array, read_all, refusal, stack, write_nifti

from ctiqa.errors import Reason
from ctiqa.io import find_scans, read_file_headers

QFORM, SFORM, VOX_OFFSET, SLOPE, INTERCEPT, PIXDIM, SROW = 252, 254, 108, 112, 116, 76, 280
XYZ = (2, 1, 0)


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def shorts(*values: int) -> bytes:
    return np.array(values, "<i2").tobytes()


def both_forms(path: Path, patches: dict[int, bytes]) -> Path:
    """A volume with a sform and an equal qform."""
    make_image: Any = nibabel.Nifti1Image
    image = make_image(stack().transpose(XYZ), np.diag([-0.7, -0.7, 3, 1]))
    image.header.set_qform(np.diag([-0.7, -0.7, 3, 1]), 1)
    content = bytearray(image.to_bytes())
    for place, patch in patches.items():
        content[place : place + len(patch)] = patch
    path.write_bytes(content)
    return path


def test_scaling_and_units(tmp_path: Path) -> None:
    stored = (stack() + 1024).astype(np.uint16).transpose(XYZ)
    scaling = {SLOPE: floats(1, -1024), 123: b"\x01"}
    metres = np.diag([-0.0007, -0.0007, 0.003, 1])
    path = write_nifti(tmp_path / "a.nii", stored, metres, scaling)
    np.testing.assert_array_equal(read_all(path), stack())
    assert read_file_headers(path).headers[0].spacing_mm == pytest.approx((0.7, 0.7))


@pytest.mark.parametrize("slope", [0.0, np.nan, np.inf])
def test_a_slope_that_is_none_scales_nothing(tmp_path: Path, slope: float) -> None:
    patches = {SLOPE: floats(slope, 0)}
    path = write_nifti(tmp_path / "a.nii", stack().transpose(XYZ), patches=patches)
    np.testing.assert_array_equal(read_all(path), stack())


@pytest.mark.parametrize(
    ("scaling", "reason"),
    [((1.0, np.nan), Reason.CORRUPT), ((-1.0, 0.0), Reason.IMPOSSIBLE_RESCALE)],
)
def test_scalings_that_lead_nowhere(
    tmp_path: Path, scaling: tuple[float, float], reason: Reason
) -> None:
    patches = {SLOPE: floats(*scaling)}
    path = write_nifti(tmp_path / "a.nii", stack().transpose(XYZ), patches=patches)
    assert refusal(path).reason is reason


@pytest.mark.parametrize("kind", ["i2", ">i2", "i4", "i8", "f4", "f8", ">f8"])
def test_every_type_that_holds_hu(tmp_path: Path, kind: str) -> None:
    make_header: Any = nibabel.Nifti1Header
    make_image: Any = nibabel.Nifti1Image
    header = make_header(endianness=">" if kind[0] == ">" else "<")
    voxels = stack().transpose(XYZ).astype(kind)
    image = make_image(voxels, np.diag([-0.7, -0.7, 3, 1]), header, dtype=voxels.dtype)
    (tmp_path / "a.nii").write_bytes(image.to_bytes())
    np.testing.assert_array_equal(read_all(tmp_path / "a.nii"), stack())


@pytest.mark.parametrize(
    "row", [(0.0,) * 12, (np.nan,) * 12, (0.7, 0, 0, 0) * 3, (-0.7, 0, 0, 0, 0, -0.7, 0, 0) * 2]
)
def test_sform_that_spans_no_space_gives_way_to_the_qform(
    tmp_path: Path, row: tuple[float, ...]
) -> None:
    path = both_forms(tmp_path / "a.nii", {SROW: floats(*row[:12])})
    headers = read_file_headers(path).headers
    assert headers[0].orientation == pytest.approx((1, 0, 0, 0, 1, 0))
    assert headers[0].spacing_mm == pytest.approx((0.7, 0.7))
    np.testing.assert_array_equal(read_all(path), stack())


@pytest.mark.parametrize(
    "patches",
    [
        {QFORM: shorts(0, 0)},
        {QFORM: shorts(0), SROW: floats(*(0.0,) * 12)},
        # A quaternion longer than 1 is none.
        {SROW: floats(*(0.0,) * 12), 256: floats(2, 2, 2)},
    ],
)
def test_without_a_form_spacing_is_all_that_is_known(
    tmp_path: Path, patches: dict[int, bytes]
) -> None:
    header = read_file_headers(both_forms(tmp_path / "a.nii", patches)).headers[1]
    assert header.spacing_mm == pytest.approx((0.7, 0.7))
    assert header.z_mm == pytest.approx(3)
    assert header.flags == ("orientation_unknown",)


def test_without_pixdim_not_even_that(tmp_path: Path) -> None:
    patches = {QFORM: shorts(0, 0), PIXDIM + 4: floats(0, 0, 0)}
    header = read_file_headers(both_forms(tmp_path / "a.nii", patches)).headers[0]
    assert header.flags == ("orientation_unknown", "spacing_unknown")


def test_an_order_of_axes_that_nothing_names_is_found_out(tmp_path: Path) -> None:
    """Slices cannot be 3 pixels wide."""
    patches = {QFORM: shorts(0, 0)}
    path = write_nifti(tmp_path / "a.nii", stack(), patches=patches)
    assert refusal(path).reason is Reason.NOT_AXIAL


@pytest.mark.parametrize("offset", [0, 16, 347])
def test_voxels_inside_the_header_are_none(tmp_path: Path, offset: float) -> None:
    path = write_nifti(
        tmp_path / "a.nii", stack().transpose(XYZ), patches={VOX_OFFSET: floats(offset)}
    )
    assert refusal(path).reason is Reason.CORRUPT


def test_a_position_beyond_the_world_is_unknown(tmp_path: Path) -> None:
    affine = np.diag([-0.7, -0.7, 3, 1])
    affine[2, 3] = 1e30
    path = write_nifti(tmp_path / "a.nii", stack().transpose(XYZ), affine)
    assert [header.z_mm for header in read_file_headers(path).headers] == [None] * 3


@pytest.mark.parametrize(
    ("voxels", "reason"),
    [
        (np.random.default_rng(0).random((260, 256, 3), np.float32), Reason.HU_CONVENTION_UNKNOWN),
        ((stack() + 1024).astype(np.uint16).transpose(XYZ), Reason.HU_CONVENTION_UNKNOWN),
        ((stack() / 8).astype(np.int8).transpose(XYZ), Reason.HU_CONVENTION_UNKNOWN),
        (np.full((260, 256, 3), -np.inf, np.float32), Reason.NOT_FINITE),
        (np.full((260, 256, 3), np.nan, np.float32), Reason.NOT_FINITE),
        (np.zeros((260, 256, 3, 2), np.int16), Reason.NOT_2D),
        (np.zeros((260, 256, 3), np.complex64), Reason.NOT_HU),
        (np.zeros((260, 256, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")]), Reason.COLOUR),
        (np.zeros((64, 64, 3), np.int16), Reason.TOO_SMALL),
    ],
)
def test_refusals(tmp_path: Path, voxels: Array, reason: Reason) -> None:
    assert refusal(write_nifti(tmp_path / "a.nii", voxels)).reason is reason


def test_a_slice_of_nan_costs_itself_alone(tmp_path: Path) -> None:
    voxels = stack().astype(np.float32)
    voxels[2] = np.nan
    path = write_nifti(tmp_path / "a.nii", voxels.transpose(XYZ))
    assert len(read_file_headers(path).headers) == 3


def pair(folder: Path, kind: str, suffixes: tuple[str, str] = (".hdr", ".img")) -> Path:
    """A header file and its image."""
    make_image: Any = getattr(nibabel, kind)
    image = make_image(stack().transpose(XYZ), np.diag([-0.7, -0.7, 3, 1]))
    image.header.set_slope_inter(1, 0)
    for suffix, held in zip(suffixes, (image.header.binaryblock + bytes(4), None), strict=True):
        content = held or np.asarray(image.dataobj).tobytes(order="F")
        packed = gzip.compress(content) if suffix.endswith(".gz") else content
        (folder / f"ct{suffix}").write_bytes(packed)
    return folder / f"ct{suffixes[0]}"


@pytest.mark.parametrize("kind", ["Nifti1Pair", "Nifti2Pair"])
@pytest.mark.parametrize(
    "suffixes", [(".hdr", ".img"), (".HDR", ".IMG"), (".hdr.gz", ".img.gz"), (".hdr", ".img.gz")]
)
def test_pairs_are_one_volume(tmp_path: Path, kind: str, suffixes: tuple[str, str]) -> None:
    header = pair(tmp_path, kind, suffixes)
    found = find_scans([tmp_path])
    assert found.skipped == ()
    assert [scan.path for scan in found.scans] == [header]
    np.testing.assert_array_equal(read_all(tmp_path), stack())


def test_half_a_pair_says_what_is_missing(tmp_path: Path) -> None:
    header = pair(tmp_path, "Nifti1Pair")
    image = refusal(header.with_suffix(".img"))
    assert image.reason is Reason.UNKNOWN_FORMAT
    assert "'ct.hdr'" in image.detail
    header.with_suffix(".img").unlink()
    assert refusal(header).reason is Reason.NO_PIXELS


def test_analyze_is_refused_by_name(tmp_path: Path) -> None:
    header = pair(tmp_path, "Nifti1Pair")
    content = bytearray(header.read_bytes())
    content[344:348] = bytes(4)
    content[38:39] = b"r"
    header.write_bytes(content)
    error = refusal(header)
    assert error.reason is Reason.UNKNOWN_FORMAT
    assert "ANALYZE" in error.detail


def repacked(path: Path, pack: Callable[[bytes], bytes]) -> Path:
    write_nifti(path, stack().transpose(XYZ))
    path.write_bytes(pack(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    "pack",
    [
        lambda raw: gzip.compress(raw[:300]) + gzip.compress(raw[300:]),
        lambda raw: b"".join(
            gzip.compress(raw[place : place + 65536]) for place in range(0, len(raw), 65536)
        ),
        lambda raw: gzip.compress(raw) + bytes(512),
        lambda raw: gzip.compress(raw + b"behind the voxels"),
    ],
    ids=["two members", "blocks", "padded with 0", "trailing bytes"],
)
def test_every_way_to_pack(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    np.testing.assert_array_equal(read_all(repacked(tmp_path / "a.nii", pack)), stack())


def flipped(packed: bytes, place: int) -> bytes:
    return packed[:place] + bytes([packed[place] ^ 1]) + packed[place:][1:]


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        (lambda raw: flipped(gzip.compress(raw, 0), 3000), Reason.CORRUPT),
        (lambda raw: flipped(gzip.compress(raw), -8), Reason.CORRUPT),
        (lambda raw: flipped(gzip.compress(raw), -4), Reason.CORRUPT),
        (lambda raw: gzip.compress(raw)[:-8], Reason.TRUNCATED),
        (lambda raw: gzip.compress(raw)[:-3], Reason.TRUNCATED),
        (lambda raw: gzip.compress(raw[:-1000]), Reason.TRUNCATED),
        (lambda raw: gzip.compress(raw) + gzip.compress(bytes(1 << 27)), Reason.CORRUPT),
    ],
    ids=["voxels", "checksum", "length", "no trailer", "half", "short", "endless"],
)
def test_damage_is_found_to_the_last_byte(
    tmp_path: Path, pack: Callable[[bytes], bytes], reason: Reason
) -> None:
    """Voxels changed in a stored block unpack well: the checksum alone tells."""
    assert refusal(repacked(tmp_path / "a.nii", pack)).reason is reason
