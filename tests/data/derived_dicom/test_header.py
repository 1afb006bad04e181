"""Headers of derived images: derivation stated, identity removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import UID
from tests.data.derived_dicom.made import MADE, read
from tests.io.make import PATIENT, dataset, phantom, save, write_ct

from ctiqa.data.derived_dicom.codes import DEIDENTIFICATION, OPERATION_CODES
from ctiqa.data.derived_dicom.derivation import Derivation
from ctiqa.data.derived_dicom.write import write_derived
from ctiqa.errors import DataError
from ctiqa.io.dicom.writing.uids import derived_uid
from ctiqa.io.silence import silent

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


def test_a_slice_without_place_is_refused(tmp_path: Path) -> None:
    source = write_ct(tmp_path / "in.dcm", ImagePositionPatient=None, SliceLocation="3")
    with pytest.raises(DataError, match="must say where its slice lies, got no valid ImagePosit"):
        write_derived(source, read(source)[1], tmp_path / "out.dcm", MADE)
