"""Every format of volumes gives the slices that were written, and knows where they lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.io.volumes import (
    FORMATS,
    PLACED,
    Array,
    as_mha,
    as_nifti,
    as_nifti_gz,
    as_npy,
    as_npz,
    as_nrrd,
    as_packed_mha,
    read_all,
    refusal,
    stack,
    write_nifti,
)

from ctiqa.errors import Reason
from ctiqa.io import ReadOptions, read_file_headers


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
    headers = read_file_headers(write(tmp_path, stack())).headers
    assert headers[0].spacing_mm == pytest.approx((0.7, 0.7))
    assert headers[0].orientation == pytest.approx((1, 0, 0, 0, 1, 0))
    assert headers[2].z_mm is not None
    assert headers[0].z_mm is not None
    assert headers[2].z_mm - headers[0].z_mm == pytest.approx(6)
    assert headers[0].flags == ()


def test_npz_knows_spacing_and_positions(tmp_path: Path) -> None:
    headers = read_file_headers(as_npz(tmp_path, stack())).headers
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
    assert read_file_headers(path, options).headers[0].orientation == pytest.approx(
        (1, 0, 0, 0, 0, -1)
    )
    np.testing.assert_array_equal(read_all(path, options), stack())


def test_unpacked_volume_is_not_kept_after_a_change(tmp_path: Path) -> None:
    path = as_packed_mha(tmp_path, stack())
    assert read_all(path)[0, 0, 0] == stack()[0, 0, 0]
    changed = stack() - 7
    as_packed_mha(tmp_path, changed)
    np.testing.assert_array_equal(read_all(path), np.maximum(changed, -1024))
