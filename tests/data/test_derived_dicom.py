"""Derived DICOM files: valid, nameless, and the slice they were made of."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import UID
from tests.io.make import AXIAL, JPEG_LS, PATIENT, RLE, dataset, phantom, save, write_ct

from ctiqa.data.derived_dicom import (
    DEIDENTIFICATION,
    OPERATION_CODES,
    Derivation,
    derived_uid,
    storable_hu,
    write_derived,
)
from ctiqa.errors import CtiqaError, DataError, OutputError, RefusedError, UsageError
from ctiqa.io import read_headers, read_slice
from ctiqa.io.quiet import silent
from ctiqa.types import HuImage, SliceHeader

SHARED = Path(__file__).parents[2].parent / "shared"
SERIES = sorted((SHARED / "dicom-series").glob("*/*.dcm"))[::12]
ZOO = sorted((SHARED / "dicom-zoo").glob("*.dcm"))

VALIDATOR = shutil.which("dciodvfy")

needs_validator = pytest.mark.skipif(
    VALIDATOR is None, reason="needs dciodvfy (Debian package dicom3tools)"
)

MADE = Derivation("noise of half the dose added", derived_uid("series"), operation="noise")

SECRETS: dict[str, Any] = {
    "PatientBirthDate": "19700102",
    "PatientSex": "F",
    "PatientAge": "055Y",
    "PatientWeight": "71",
    "PatientComments": "Zyxwvut",
    "InstitutionName": "Zyxwvut Hospital",
    "InstitutionAddress": "Zyxwvut Street",
    "ReferringPhysicianName": "Zyxwvut^Doctor",
    "OperatorsName": "Zyxwvut^Operator",
    "StationName": "Zyxwvut",
    "DeviceSerialNumber": "Zyxwvut",
    "AccessionNumber": "Zyxwvut",
    "StudyID": "Zyxwvut",
    "StudyDescription": "Zyxwvut",
    "SeriesDescription": "Zyxwvut",
    "ProtocolName": "Zyxwvut",
    "ImageComments": "Zyxwvut",
    "ContrastBolusAgent": "Zyxwvut",
    "StudyDate": "20240506",
    "AcquisitionDateTime": "20240506101112",
    "StudyInstanceUID": "1.2.3.4.999",
    "IrradiationEventUID": "1.2.3.4.999.1",
}


def read(path: Path) -> tuple[SliceHeader, HuImage]:
    header = read_headers(path).headers[0]
    return header, read_slice(header).hu


def degraded(hu: HuImage, path: Path, sd: float = 25.0) -> HuImage:
    noise = np.random.default_rng(0).normal(0, sd, hu.shape)
    return np.clip(hu + noise, *storable_hu(path)).astype(np.float32)


def errors_of(path: Path) -> list[str]:
    """What dciodvfy finds wrong with a file."""
    done = subprocess.run([str(VALIDATOR), str(path)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return [line for line in lines if line.startswith("Error")]


def test_the_copy_reads_back_as_what_was_written(tmp_path: Path) -> None:
    source, out = write_ct(tmp_path / "in.dcm", z_mm=-12.5), tmp_path / "out.dcm"
    before, hu = read(source)
    wanted = degraded(hu, source)
    write_derived(source, wanted, out, MADE)
    after, found = read(out)
    assert np.abs(found - wanted).max() <= 0.5
    assert (after.spacing_mm, after.z_mm) == (before.spacing_mm, before.z_mm)
    assert (after.orientation, after.acquisition) == (before.orientation, before.acquisition)
    assert after.flags == ("derived",)


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


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    source, out = write_ct(tmp_path / "in.dcm"), tmp_path / "out.dcm"
    write_derived(source, read(source)[1], out, MADE)
    image, original = dcmread(out), dcmread(source)
    assert list(image.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert image.DerivationDescription == MADE.description
    code = image.DerivationCodeSequence[0]
    assert (code.CodeValue, code.CodeMeaning) == OPERATION_CODES["noise"]
    cited = image.SourceImageSequence[0]
    assert cited.ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert cited.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert image.ContributingEquipmentSequence[0].Manufacturer == "ctiqa"
    assert image.SeriesInstanceUID == MADE.series_uid != original.SeriesInstanceUID
    assert image.SOPInstanceUID == image.file_meta.MediaStorageSOPInstanceUID
    assert "SmallestImagePixelValue" not in image


def test_an_operation_without_code_has_none(tmp_path: Path) -> None:
    source, out = write_ct(tmp_path / "in.dcm"), tmp_path / "out.dcm"
    write_derived(source, read(source)[1], out, Derivation("fewer views", derived_uid("s")))
    assert "DerivationCodeSequence" not in dcmread(out)


def test_nothing_about_the_patient_is_left(tmp_path: Path) -> None:
    image = dataset(phantom(), FrameOfReferenceUID="1.2.3.4.5", **SECRETS)
    private = image.private_block(0x0013, "Zyxwvut", create=True)
    private.add_new(0x10, "LO", "Zyxwvut")
    source = save(tmp_path / "in.dcm", image, (phantom().astype(int) + 1024).astype(np.uint16))
    out = tmp_path / "out.dcm"
    write_derived(source, read(source)[1], out, Derivation("x", derived_uid("s"), patient="P-07"))
    content, copy = out.read_bytes(), dcmread(out)
    for secret in (PATIENT, *SECRETS.values()):
        assert secret.encode() not in content or len(secret) < 3
    assert not any(element.tag.is_private for element in copy.iterall())
    assert (copy.PatientID, copy.PatientName) == ("P-07", "P-07")
    assert (copy.PatientIdentityRemoved, copy.PatientSex, copy.StudyDate) == ("YES", "", "")
    codes = copy.DeidentificationMethodCodeSequence
    assert [(code.CodeValue, code.CodeMeaning) for code in codes] == list(DEIDENTIFICATION)
    assert copy.FrameOfReferenceUID == "1.2.3.4.5"
    assert UID(copy.StudyInstanceUID).is_valid


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


def test_a_second_run_writes_the_same_bytes(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm")
    _, hu = read(source)
    first, second, other = (tmp_path / name for name in ("1.dcm", "2.dcm", "3.dcm"))
    write_derived(source, hu, first, MADE)
    write_derived(source, hu, second, MADE)
    write_derived(source, degraded(hu, source), other, MADE)
    assert first.read_bytes() == second.read_bytes()
    assert dcmread(first).SOPInstanceUID != dcmread(other).SOPInstanceUID
    assert dcmread(first).StudyInstanceUID == dcmread(other).StudyInstanceUID


def test_damaged_attributes_do_not_spread(tmp_path: Path) -> None:
    source, out = tmp_path / "in.dcm", tmp_path / "out.dcm"
    image = dataset(phantom(), BodyPartExamined="CHEST", WindowCenter=[40, -600], WindowWidth=350)
    image.add_new("Manufacturer", "LO", "A" * 60)
    with silent():
        image.add_new("ScanOptions", "CS", ["HELIX", "no!code"])
        image.add_new("ImagePositionPatient", "DS", ["-90", "-90", "-0000001.0E+01"])
        save(source, image, (phantom().astype(int) + 1024).astype(np.uint16))
    write_derived(source, read(source)[1], out, MADE)
    copy = dcmread(out)
    assert "WindowCenter" not in copy
    assert "WindowWidth" not in copy
    assert copy.ScanOptions == "HELIX"
    assert [float(x) for x in copy.ImagePositionPatient] == [-90, -90, -10]


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats()), max_size=4))
def test_uids_are_valid_and_depend_on_their_parts(parts: list[object]) -> None:
    uid = derived_uid(*parts)
    assert UID(uid).is_valid
    assert len(uid) <= 44
    assert derived_uid(*parts) == uid != derived_uid(*parts, "")


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


def test_a_slice_without_place_is_refused(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm", ImagePositionPatient=None, SliceLocation="3")
    with pytest.raises(DataError, match="must say where its slice lies, got no valid ImagePosit"):
        write_derived(source, read(source)[1], tmp_path / "out.dcm", MADE)


def test_more_than_16_bits_are_refused(tmp_path: Path) -> None:
    image = dataset(phantom(), BitsAllocated=32, BitsStored=32, HighBit=31)
    source = save(tmp_path / "in.dcm", image, (phantom().astype(np.int64) + 1024).astype("<u4"))
    with pytest.raises(DataError, match="of at most 16 bits, got a multi-frame or 32-bit one"):
        storable_hu(source)


def test_multi_frame_files_are_refused(tmp_path: Path) -> None:
    stored = np.stack([(phantom(seed=k).astype(int) + 1024).astype(np.uint16) for k in (0, 1)])
    source = save(tmp_path / "in.dcm", dataset(phantom(), NumberOfFrames=2), stored)
    with pytest.raises(DataError, match="must be a single-frame CT image"):
        storable_hu(source)


def test_what_is_no_slice_is_refused(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    with pytest.raises(RefusedError, match="LOCALIZER"):
        storable_hu(source)


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm")
    with pytest.raises(OutputError, match="must be writable"):
        write_derived(source, read(source)[1], tmp_path, MADE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"description": ""}, r"'description' must be 1…1024 printable characters"),
        ({"description": "a\\b"}, "without backslash"),
        ({"patient": "x" * 65}, r"'patient' must be 1…64"),
        ({"series_description": "a\nb"}, "'series_description'"),
        ({"series_uid": "1.02.x"}, "'series_uid' must be a DICOM UID, got '1.02.x'"),
    ],
)
def test_bad_derivations_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Derivation(**({"description": "x", "series_uid": "2.25.1"} | changes))


@pytest.mark.parametrize("part", [None, "CHEST", "KNEE"])
@needs_validator
def test_made_up_files_are_valid(tmp_path: Path, part: str | None) -> None:
    tags: dict[str, Any] = {"BodyPartExamined": part, "ImageOrientationPatient": AXIAL}
    source, out = write_ct(tmp_path / "in.dcm", **tags), tmp_path / "out.dcm"
    write_derived(source, read(source)[1], out, MADE)
    assert errors_of(out) == []


@pytest.mark.shared
@pytest.mark.skipif(not SERIES, reason="needs ../shared/dicom-series")
@needs_validator
def test_real_series_become_valid_files(tmp_path: Path) -> None:
    for source in SERIES:
        _check_real(source, tmp_path / "out.dcm")


@pytest.mark.shared
@pytest.mark.skipif(not ZOO, reason="needs ../shared/dicom-zoo")
@needs_validator
def test_every_slice_of_the_zoo_becomes_a_valid_file_or_is_refused(tmp_path: Path) -> None:
    refused = 0
    for source in ZOO:
        try:
            _check_real(source, tmp_path / "out.dcm")
        except CtiqaError:
            refused += 1
    # Localizers, other modalities, damaged files; and one CT that does not say where it lies.
    assert (len(ZOO), refused) == (64, 29)


def _check_real(source: Path, out: Path) -> None:
    before, hu = read(source)
    wanted = degraded(hu, source)
    write_derived(source, wanted, out, MADE)
    after, found = read(out)
    step = float(dcmread(source, force=True).RescaleSlope)
    padding: npt.NDArray[np.bool_] = (found == -1024) & (hu == -1024)
    assert np.abs(found - wanted)[~padding].max() <= step / 2 + 1e-3, source.name
    assert (after.spacing_mm, after.z_mm) == (before.spacing_mm, before.z_mm), source.name
    assert after.orientation == pytest.approx(before.orientation), source.name
    assert errors_of(out) == [], source.name
