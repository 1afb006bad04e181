"""A report never reaches the wrong patient, and names the patient nowhere but in its header."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.io.make import write_ct
from tests.io.volumes import stack, write_nifti
from tests.sr.made import MODEL, STUDY, scored, texts_of, write_slice, write_study

from ctiqa.errors import RefusedError
from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.io.silence import silent
from ctiqa.sr import encapsulated_pdf, structured_report
from ctiqa.sr.source import source_of

TRIAL: dict[str, Any] = {
    "ClinicalTrialSponsorName": "Sponsor",
    "ClinicalTrialProtocolID": "6688",
    "ClinicalTrialSubjectID": "S-1",
}


@pytest.mark.parametrize(
    ("keyword", "other"),
    [
        ("PatientID", "PLANTED-008"),
        ("PatientName", "Planted^Other"),
        ("StudyInstanceUID", "1.2.3.4.998"),
    ],
)
def test_images_of_two_patients_have_no_report(tmp_path: Path, keyword: str, other: str) -> None:
    folder = write_study(tmp_path)
    write_slice(folder / "9.dcm", 9, **{keyword: other})
    with pytest.raises(RefusedError, match=f"differ in {keyword}, .*wrong patient") as caught:
        structured_report(scored(folder), MODEL)
    assert "planted" not in str(caught.value).lower()
    assert other not in str(caught.value)


@pytest.mark.parametrize("padding", [" ", "^^", "^ "])
def test_padding_of_a_name_is_no_difference(tmp_path: Path, padding: str) -> None:
    folder = write_study(tmp_path)
    write_slice(folder / "9.dcm", 9, PatientName=str(STUDY["PatientName"]) + padding)
    assert structured_report(scored(folder), MODEL).PatientID == STUDY["PatientID"]


def test_a_file_that_was_replaced_has_no_report(tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    verdict = scored(folder)
    write_slice(folder / "1.dcm", 77)
    with pytest.raises(RefusedError, match="was replaced or changed"):
        structured_report(verdict, MODEL)


def test_a_file_that_is_gone_has_no_report(tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    verdict = scored(folder)
    (folder / "1.dcm").unlink()
    with pytest.raises(RefusedError):
        structured_report(verdict, MODEL)


def test_a_volume_has_no_report(tmp_path: Path) -> None:
    file = write_nifti(tmp_path / "a.nii", stack().T)
    with pytest.raises(RefusedError, match=r"not DICOM \(nifti\)"):
        structured_report(scored(file), MODEL)


@pytest.mark.parametrize(
    ("tags", "match"),
    [
        ({"StudyInstanceUID": None}, "names no study"),
        ({"StudyInstanceUID": "1.02.x"}, "names no study"),
        ({"SeriesInstanceUID": None}, "no valid SOPInstanceUID or SeriesInstanceUID"),
        ({"SOPInstanceUID": "abc"}, "no valid SOPInstanceUID or SeriesInstanceUID"),
    ],
)
def test_images_without_uids_have_no_report(
    tmp_path: Path, tags: dict[str, Any], match: str
) -> None:
    with silent():
        write_ct(tmp_path / "a.dcm", **(STUDY | tags))
        verdict = scored(tmp_path)
    with pytest.raises(RefusedError, match=match):
        structured_report(verdict, MODEL)


@pytest.mark.parametrize(
    "tags",
    [
        {"PatientName": "OneComponent"},
        {"PatientName": "Müller^Jürgen"},
        {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "山田^太郎"},
        {
            "SpecificCharacterSet": ["", "ISO 2022 IR 87"],
            "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        },
        {"PatientName": ""},
        {"PatientName": None, "PatientID": None},
    ],
)
def test_every_name_is_kept(tmp_path: Path, tags: dict[str, Any]) -> None:
    verdict = scored(write_study(tmp_path, 1, **tags))
    for make in (structured_report, encapsulated_pdf):
        (tmp_path / "made").write_bytes(file_bytes(make(verdict, MODEL)))
        report = dcmread(tmp_path / "made")
        assert report.PatientName == (tags.get("PatientName") or "")
        assert report.SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize("characters", ["ISO_IR 999", "GREEK", "\\ISO 2022 IR 999"])
def test_an_unknown_character_set_does_no_harm(tmp_path: Path, characters: str) -> None:
    file = write_study(tmp_path, 1) / "0.dcm"
    content = file.read_bytes()
    padded = characters.encode().ljust(10)[:10]
    assert content.count(b"ISO_IR 100") == 1
    file.write_bytes(content.replace(b"ISO_IR 100", padded))
    assert structured_report(scored(tmp_path), MODEL).PatientID == STUDY["PatientID"]


@pytest.mark.parametrize("value", ["\x1b[2J\\^=", "x" * 300, "0x-1", "a^b^c^d^e^f^g"])
def test_odd_values_do_no_harm(tmp_path: Path, value: str) -> None:
    with silent():
        file = write_study(tmp_path, 1) / "0.dcm"
        image = dcmread(file)
        image.SpecificCharacterSet = "ISO_IR 192"
        for keyword in STUDY.keys() - {"SpecificCharacterSet", "StudyInstanceUID", "SeriesNumber"}:
            image.add_new(keyword, image[keyword].VR, value)
        for keyword in TRIAL:
            image.add_new(keyword, "LO", value)
        image.save_as(file)
        verdict = scored(tmp_path)
    for make in (structured_report, encapsulated_pdf):
        with silent():
            assert make(verdict, MODEL).StudyInstanceUID == STUDY["StudyInstanceUID"]


def test_a_complete_trial_is_kept(tmp_path: Path) -> None:
    report = structured_report(scored(write_study(tmp_path, **TRIAL)), MODEL)
    assert {keyword: report[keyword].value for keyword in TRIAL} == TRIAL
    assert report.ClinicalTrialSiteName == ""


@pytest.mark.parametrize("lacking", TRIAL)
def test_a_trial_with_empty_ids_is_removed(tmp_path: Path, lacking: str) -> None:
    tags = TRIAL | {lacking: "", "ClinicalTrialSiteName": "Site"}
    for make in (structured_report, encapsulated_pdf):
        report = make(scored(write_study(tmp_path, **tags)), MODEL)
        found = [each.keyword for each in report if each.keyword.startswith("ClinicalTrial")]
        assert found == []


def test_no_page_or_text_names_the_patient(tmp_path: Path) -> None:
    tags: dict[str, Any] = {
        "PatientComments": "Planted^Zachary",
        "OtherPatientIDs": "PLANTED-007",
        "SeriesDescription": "Planted Zachary",
        "ProtocolName": "Planted",
        "StationName": "PLANTED-007",
        "OperatorsName": "Planted",
        "InstitutionName": "Planted",
    }
    verdict = scored(write_study(tmp_path / "in", **tags))
    verdict = replace(verdict, scan=replace(verdict.scan, path=Path("Planted^Zachary")))
    page = encapsulated_pdf(verdict, MODEL).EncapsulatedDocument
    assert b"excellent" in page
    report = structured_report(verdict, MODEL)
    content = Dataset()
    content.ContentSequence = report.ContentSequence
    for shown in (page.decode("latin-1"), str(content), *texts_of(report)):
        for part in ("planted", "zachary", "19700102", "A-12"):
            assert part.lower() not in shown.lower()


def test_a_series_is_read_file_by_file(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path, 4))
    source = source_of(verdict)
    assert [each.uid for each in source.instances] == sorted(
        str(each.header.source.instance_uid) for each in verdict.slices
    )
    assert (source.series_uid, source.series_number) == (verdict.scan.series_uid, 5)
