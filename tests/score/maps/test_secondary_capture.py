"""Maps as DICOM: valid, in the study of their source, the same in every run."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, SecondaryCaptureImageStorage
from tests.io.make import ENHANCED_CLASS, JPEG_LS, phantom, write_ct, write_enhanced

from ctiqa.errors import RefusedError
from ctiqa.io import ReadOptions, find_scans, read_file_headers
from ctiqa.io.silence import silent
from ctiqa.score.maps.place import Place
from ctiqa.score.maps.secondary_capture import SERIES_OFFSET, secondary_capture

MODEL = {"name": "tiny", "version": "1.0", "sha256": "ab" * 32}

PICTURE = np.random.default_rng(0).integers(0, 256, (256, 352, 3), dtype=np.uint8)

SHARED = Path(__file__).parents[3].parent / "shared" / "dicom-zoo"

STUDY: dict[str, Any] = {
    "StudyInstanceUID": "1.2.3.4.999",
    "StudyDate": "20240506",
    "StudyTime": "101112",
    "StudyID": "77",
    "AccessionNumber": "A-12",
    "StudyDescription": "Abdomen",
    "ReferringPhysicianName": "Doctor^Any",
    "PatientName": "Müller^Jürgen",
    "PatientID": "P-007",
    "IssuerOfPatientID": "Hospital",
    "PatientBirthDate": "19700102",
    "PatientSex": "M",
}

VALIDATOR = shutil.which("dciodvfy")

needs_validator = pytest.mark.skipif(
    VALIDATOR is None, reason="needs dciodvfy (Debian package dicom3tools)"
)


def source(path: Path, **tags: Any) -> Path:
    return write_ct(path, SpecificCharacterSet="ISO_IR 100", **(STUDY | tags))


def content(file: Path, index: int = 0, **changes: Any) -> bytes:
    header = read_file_headers(file).headers[index]
    place = Place(0, 1, index, header.source.series_uid or "none")
    return secondary_capture(changes.pop("picture", PICTURE), header, place, MODEL | changes)


def made(file: Path, index: int = 0, **changes: Any) -> Dataset:
    return dcmread(io.BytesIO(content(file, index, **changes)))


def errors_of(file: bytes, folder: Path) -> list[str]:
    """What dciodvfy finds wrong."""
    out = folder / "map.dcm"
    out.write_bytes(file)
    done = subprocess.run([str(VALIDATOR), str(out)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return [line for line in lines if line.startswith("Error")]


def test_it_belongs_to_the_study_of_its_source(tmp_path: Path) -> None:
    file = source(tmp_path / "a.dcm", SeriesNumber="5")
    image, original = made(file), dcmread(file)
    for keyword, value in STUDY.items():
        assert image[keyword].value == value, keyword
    assert image.SeriesInstanceUID != original.SeriesInstanceUID
    assert image.SeriesNumber == SERIES_OFFSET + 5
    assert image.SpecificCharacterSet == "ISO_IR 192"


def test_it_says_what_it_is(tmp_path: Path) -> None:
    file = source(tmp_path / "a.dcm")
    image, original = made(file), dcmread(file)
    assert image.SOPClassUID == SecondaryCaptureImageStorage
    assert list(image.ImageType) == ["DERIVED", "SECONDARY"]
    assert "model tiny 1.0" in image.DerivationDescription
    assert "research use only" in image.DerivationDescription
    (cited,) = image.SourceImageSequence
    assert cited.ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert cited.ReferencedSOPClassUID == original.SOPClassUID
    assert "ReferencedFrameNumber" not in cited
    assert image.ConversionType == "WSD"
    assert image.BurnedInAnnotation == "NO"


def test_its_pixels_are_the_picture(tmp_path: Path) -> None:
    image = made(source(tmp_path / "a.dcm"))
    np.testing.assert_array_equal(image.pixel_array, PICTURE)
    assert (image.PhotometricInterpretation, image.BitsStored) == ("RGB", 8)


def test_it_lies_where_its_source_lies(tmp_path: Path) -> None:
    file = source(tmp_path / "a.dcm", z_mm=12.5, FrameOfReferenceUID="1.2.9")
    image, original = made(file), dcmread(file)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        assert image[keyword].value == original[keyword].value
    assert image.FrameOfReferenceUID == "1.2.9"


def test_without_position_it_claims_none(tmp_path: Path) -> None:
    file = source(tmp_path / "a.dcm", ImagePositionPatient=None, SliceLocation="3")
    image = made(file)
    assert "ImagePositionPatient" not in image
    assert "ImageOrientationPatient" not in image


def test_uids_depend_on_source_model_and_picture_alone(tmp_path: Path) -> None:
    file, other = source(tmp_path / "a.dcm"), source(tmp_path / "b.dcm", z_mm=5)
    assert content(file) == content(file)
    first, second = made(file), made(other, index=0)
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    trained_again = made(file, sha256="cd" * 32)
    assert trained_again.SeriesInstanceUID != first.SeriesInstanceUID
    assert trained_again.SOPInstanceUID != first.SOPInstanceUID
    assert made(file, picture=PICTURE // 2).SOPInstanceUID != first.SOPInstanceUID
    for each in (first, second):
        assert UID(each.SOPInstanceUID).is_valid
        assert UID(each.SeriesInstanceUID).is_valid


def test_nothing_else_about_the_patient_is_copied(tmp_path: Path) -> None:
    more = {"PatientAge": "055Y", "PatientComments": "Zyxwvut", "OperatorsName": "Zyxwvut^A"}
    image = made(source(tmp_path / "a.dcm", **more))
    assert not {*more} & {element.keyword for element in image.iterall()}


def test_what_was_deidentified_stays_marked(tmp_path: Path) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "113100", "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    marks = {
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": "by hand",
        "DeidentificationMethodCodeSequence": Items([code]),
    }
    image = made(source(tmp_path / "a.dcm", **marks))
    assert (image.PatientIdentityRemoved, image.DeidentificationMethod) == ("YES", "by hand")
    assert image.DeidentificationMethodCodeSequence[0].CodeValue == "113100"


def test_annotation_burned_into_the_source_is_in_the_map(tmp_path: Path) -> None:
    image = made(source(tmp_path / "a.dcm", BurnedInAnnotation="YES"))
    assert image.BurnedInAnnotation == "YES"


def test_lossy_compression_of_the_source_is_passed_on(tmp_path: Path) -> None:
    lossy = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "8",
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    image = made(source(tmp_path / "a.dcm", **lossy))
    assert {keyword: image[keyword].value for keyword in lossy} == lossy


def test_a_frame_refers_to_its_frame(tmp_path: Path) -> None:
    frames = [phantom(seed=k) for k in range(2)]
    file = write_enhanced(tmp_path / "a.dcm", frames, slopes=[1, 1], z_mm=[0, 7])
    enhanced = dcmread(file)
    enhanced.StudyInstanceUID = "1.2.3"
    enhanced.save_as(file)
    image = made(file, index=1)
    (cited,) = image.SourceImageSequence
    assert (cited.ReferencedSOPClassUID, cited.ReferencedFrameNumber) == (ENHANCED_CLASS, 2)
    assert image.ImagePositionPatient == [-90, -90, 7]
    assert image.InstanceNumber == 2


def test_a_source_without_study_is_refused(tmp_path: Path) -> None:
    file = source(tmp_path / "a.dcm", StudyInstanceUID=None)
    with pytest.raises(RefusedError, match="the file names no study"):
        content(file)


@pytest.mark.parametrize("value", ["\x1b[2J\\^=", "x" * 300, "0x-1", " "])
def test_attributes_that_break_their_rules_do_no_harm(tmp_path: Path, value: str) -> None:
    with silent():
        file = source(tmp_path / "a.dcm")
        image = dcmread(file)
        image.SpecificCharacterSet = "ISO_IR 192"
        for keyword in STUDY.keys() - {"StudyInstanceUID"}:
            image.add_new(keyword, image[keyword].VR, value)
        image.SeriesNumber = None
        image.save_as(file)
        assert made(file).SeriesNumber == SERIES_OFFSET


def test_dates_and_times_of_old_files_are_rewritten(tmp_path: Path) -> None:
    with silent():
        old = {"StudyDate": "1999.05.06", "StudyTime": "10:52:34.5", "PatientBirthDate": "unknown"}
        image = made(source(tmp_path / "a.dcm", **old))
    assert (image.StudyDate, image.StudyTime) == ("19990506", "105234.5")
    assert image.PatientBirthDate == ""


def test_a_removed_identity_has_a_method_even_if_the_source_states_none(tmp_path: Path) -> None:
    marks = {"PatientIdentityRemoved": "YES", "DeidentificationMethod": ""}
    image = made(source(tmp_path / "a.dcm", **marks))
    assert image.PatientIdentityRemoved == "YES"
    assert image.DeidentificationMethod == "not stated by the source image"


def test_a_wrong_representation_is_not_copied(tmp_path: Path) -> None:
    file = source(tmp_path / "a.dcm", PatientName=None)
    image = dcmread(file)
    item = Dataset()
    item.PatientComments = "Zyxwvut"
    image.add_new("PatientName", "SQ", Items([item]))
    image.save_as(file)
    found = content(file)
    assert b"Zyxwvut" not in found
    assert dcmread(io.BytesIO(found)).PatientName == ""


def test_maps_are_not_scored_again(tmp_path: Path) -> None:
    (tmp_path / "map.dcm").write_bytes(content(source(tmp_path / "a.dcm")))
    found = find_scans([tmp_path], ReadOptions())
    assert [each.file.name for each in found.skipped] == ["map.dcm"]
    assert found.skipped[0].reason == "secondary_capture"
    assert len(found.scans) == 1


@needs_validator
@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"FrameOfReferenceUID": "1.2.9", "SeriesNumber": "3"},
        {"ImagePositionPatient": None, "SliceLocation": "3"},
        {"PatientIdentityRemoved": "YES"},
        {"syntax": JPEG_LS},
    ],
)
def test_made_up_maps_are_valid(tmp_path: Path, tags: dict[str, Any]) -> None:
    assert errors_of(content(source(tmp_path / "a.dcm", **tags)), tmp_path) == []


@pytest.mark.shared
@needs_validator
def test_maps_of_real_files_are_valid(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/dicom-zoo")
    checked = 0
    for file in sorted(SHARED.glob("*.dcm")):
        try:
            made_from_it = content(file)
        except RefusedError:
            continue
        assert errors_of(made_from_it, tmp_path) == [], file.name
        checked += 1
    assert checked > 20
