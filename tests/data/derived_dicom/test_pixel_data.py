"""Pixels of derived images: CT numbers within half a step, and padding that stays padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from tests.data.derived_dicom.made import MADE, degraded, read
from tests.io.make import JPEG_LS, RLE, dataset, phantom, save, write_ct

from ctiqa.data.derived_dicom.write import storable_hu, write_derived
from ctiqa.errors import UsageError
from ctiqa.types import HuImage


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(("slope", "intercept"), [(1, -1024), (0.1, -1024), (2.0002442, -1200)])
def test_pixels_are_within_half_a_step(
    tmp_path: Path, signed: int, slope: float, intercept: float
) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    kind = np.int16 if signed else np.uint16
    stored = np.rint((phantom().astype(float) - intercept) / slope).astype(kind)
    tags: dict[str, Any] = {"RescaleSlope": str(slope), "RescaleIntercept": str(intercept)}
    save(source, dataset(phantom(), PixelRepresentation=signed, **tags), stored)
    _, hu = read(source)
    wanted = degraded(hu, source)
    write_derived(source, wanted, out, MADE)
    assert np.abs(read(out)[1] - wanted).max() <= slope / 2 + 1e-3
    write_derived(source, hu, out, MADE)
    np.testing.assert_array_equal(read(out)[1], hu)


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS])
def test_compressed_sources_become_plain(tmp_path: Path, syntax: str) -> None:
    source, out = write_ct(tmp_path / "in.dcm", syntax=syntax), tmp_path / "out.dcm"
    _, hu = read(source)
    write_derived(source, hu, out, MADE)
    assert dcmread(out).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    np.testing.assert_array_equal(read(out)[1], hu)


def test_padding_stays_padding(tmp_path: Path) -> None:
    hu = phantom()
    stored = hu.astype(np.int16)
    stored[:, :20] = -2000
    image = dataset(hu, PixelRepresentation=1, RescaleIntercept="0")
    # Said unsigned where the pixels are signed, as some scanners do.
    image.add_new("PixelPaddingValue", "US", 63536)
    source = save(tmp_path / "in.dcm", image, stored)
    out = tmp_path / "out.dcm"
    wanted = degraded(read(source)[1], source)
    write_derived(source, wanted, out, MADE)
    _, found = read(out)
    assert dcmread(out).PixelPaddingValue == -2000
    assert (found[:, :20] == -1024).all()
    assert np.abs(found - wanted)[:, 20:].max() <= 0.5


def test_measured_pixels_never_read_as_padding(tmp_path: Path) -> None:
    hu = phantom()
    stored = np.full(hu.shape, 1064, np.uint16)
    stored[:, :20] = 24
    source = save(tmp_path / "in.dcm", dataset(hu, PixelPaddingValue=24), stored)
    out = tmp_path / "out.dcm"
    wanted = np.full(hu.shape, -1000, np.float32)
    write_derived(source, wanted, out, MADE)
    _, found = read(out)
    assert (found[:, :20] == -1024).all()
    assert (found[:, 20:] == -999).all()


def test_padding_that_the_patient_has_too_is_forgotten(tmp_path: Path) -> None:
    source, out = write_ct(tmp_path / "in.dcm", PixelPaddingValue=1064), tmp_path / "out.dcm"
    _, hu = read(source)
    write_derived(source, hu, out, MADE)
    assert "PixelPaddingValue" not in dcmread(out)
    np.testing.assert_array_equal(read(out)[1], hu)


def replaced(hu: HuImage, value: float) -> HuImage:
    changed = hu.copy()
    changed[0, 0] = value
    return changed


@pytest.mark.parametrize("value", [-1025.0, 40_000.0, np.nan, np.inf])
def test_pixels_that_do_not_fit_are_refused(tmp_path: Path, value: float) -> None:
    source, out = write_ct(tmp_path / "in.dcm"), tmp_path / "out.dcm"
    with pytest.raises(UsageError, match=r"'hu' must lie in -1024…32768 HU to be stored like 'in"):
        write_derived(source, replaced(read(source)[1], value), out, MADE)
    assert not out.exists()


def test_what_fits_depends_on_the_source(tmp_path: Path) -> None:
    tags: dict[str, Any] = {
        "PixelRepresentation": 1,
        "RescaleSlope": "0.1",
        "RescaleIntercept": "0",
    }
    source = save(tmp_path / "in.dcm", dataset(phantom(), **tags), phantom())
    assert storable_hu(source) == pytest.approx((-1024, 3276.7))


def test_another_matrix_is_refused(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm")
    with pytest.raises(UsageError, match=r"'hu' must have the source's matrix \(256, 256\)"):
        write_derived(source, np.zeros((256, 255), np.float32), tmp_path / "out.dcm", MADE)
