"""The digest of a series is that of its pixels and geometry, not of its files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from tests.score.made import phantom, write_dicom, write_series

from ctiqa.io import ReadOptions, find_scans
from ctiqa.store import content_digest, series_key
from ctiqa.types import Scan


def scan_in(*paths: Path) -> Scan:
    (scan,) = find_scans(paths).scans
    return scan


def digest(*paths: Path) -> str:
    return content_digest(scan_in(*paths))


def test_it_does_not_depend_on_place_name_and_order(tmp_path: Path) -> None:
    first = write_series(tmp_path / "a")
    second = tmp_path / "b"
    second.mkdir()
    for number, file in enumerate(sorted(first.iterdir())):
        shutil.copy(file, second / f"{9 - number}.dcm")
    assert digest(first) == digest(second)


def test_it_is_the_same_without_what_the_header_has_kept(tmp_path: Path) -> None:
    scan = scan_in(write_series(tmp_path))
    forgetful = [replace(each, source=replace(each.source, kept=None)) for each in scan.headers]
    assert content_digest(replace(scan, headers=tuple(forgetful))) == content_digest(scan)


@pytest.mark.parametrize(
    ("elements", "is_same"),
    [
        ({"SeriesDescription": "other", "PatientName": "Other^Name"}, True),
        ({"PixelSpacing": [0.8, 0.8]}, False),
        ({"ImagePositionPatient": [0, 0, 1]}, False),
        ({"RescaleIntercept": "1"}, False),
    ],
)
def test_what_counts(tmp_path: Path, elements: dict[str, Any], is_same: bool) -> None:
    before = digest(write_dicom(tmp_path / "a.dcm", phantom()))
    after = digest(write_dicom(tmp_path / "b.dcm", phantom(), **elements))
    assert (before == after) == is_same


def test_one_other_pixel_is_another_content(tmp_path: Path) -> None:
    hu = phantom()
    before = digest(write_dicom(tmp_path / "a.dcm", hu))
    hu[128, 128] += 1
    assert digest(write_dicom(tmp_path / "a.dcm", hu)) != before


def test_a_slice_more_is_another_content(tmp_path: Path) -> None:
    files = sorted(write_series(tmp_path).iterdir())
    assert len({digest(*files[:count]) for count in (1, 2, 3)}) == 3


def save_nifti(file: Path, stack: npt.NDArray[np.int16]) -> None:
    image: Any = nibabel.Nifti1Image(stack, np.diag([0.7, 0.7, 5, 1]))  # type: ignore[no-untyped-call]
    image.to_filename(file)


def test_volumes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 5, (256, 256, 3))
    stack = (phantom()[:, :, None] + noise).astype(np.int16)
    for name in ("a.nii", "b.nii"):
        save_nifti(tmp_path / name, stack)
    assert digest(tmp_path / "a.nii") == digest(tmp_path / "b.nii")
    stack[100, 100, 1] += 1
    save_nifti(tmp_path / "b.nii", stack)
    assert digest(tmp_path / "a.nii") != digest(tmp_path / "b.nii")


def test_a_file_that_is_gone_is_not_the_same(tmp_path: Path) -> None:
    scan = scan_in(write_series(tmp_path))
    before = content_digest(scan)
    scan.headers[1].source.file.unlink()
    assert content_digest(scan) != before


def test_keys(tmp_path: Path) -> None:
    scan = scan_in(write_series(tmp_path))
    key = series_key(scan, {"name": "m"}, ReadOptions())
    assert (key.series_uid, key.content) == ("1.2.826.0.1", content_digest(scan))
    assert key == series_key(scan, {"name": "m", "engine": "other"}, ReadOptions())
    assert key != series_key(scan, {"name": "n"}, ReadOptions())
    assert key != series_key(scan, {"name": "m"}, ReadOptions(tiff_hu=True))
