from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import FileDataset, dcmread
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless

from benchmarks.series import EXAMPLE, FORMS, CannotStoreError, jpeg_2000, make_series, series

SYNTAX = {
    "uncompressed": ExplicitVRLittleEndian,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_pixels_of_the_example(form: str, tmp_path: Path) -> None:
    files = sorted(series(tmp_path, form, 12).iterdir())
    images = [dcmread(file) for file in files]
    source = [dcmread(file).pixel_array for file in sorted(EXAMPLE.glob("*.dcm"))]
    assert {image.file_meta.TransferSyntaxUID for image in images} == {UID(SYNTAX[form])}
    for number in (0, 1, 9, 11):
        assert np.array_equal(images[number].pixel_array, source[number % len(source)])


def test_every_slice_has_its_own_place_and_name(tmp_path: Path) -> None:
    images = [dcmread(file) for file in sorted(series(tmp_path, "JPEG-LS", 12).iterdir())]
    assert len({image.SOPInstanceUID for image in images}) == 12
    assert len({image.SeriesInstanceUID for image in images}) == 1
    assert [float(image.ImagePositionPatient[2]) for image in images] == [
        2.5 * number for number in range(12)
    ]


def test_a_series_is_made_once(tmp_path: Path) -> None:
    first = series(tmp_path, "JPEG-LS", 2)
    before = {file: file.stat().st_mtime_ns for file in first.iterdir()}
    assert series(tmp_path, "JPEG-LS", 2) == first
    assert {file: file.stat().st_mtime_ns for file in first.iterdir()} == before


def test_a_form_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: FileDataset, *_: object, **__: object) -> None:
        raise RuntimeError("no encoder is available")

    monkeypatch.setattr(FileDataset, "compress", fails)
    with pytest.raises(CannotStoreError, match="JPEG 2000 cannot be written: no encoder"):
        make_series(tmp_path / "new", 2, jpeg_2000)
    assert not (tmp_path / "new").exists()
