"""The structured report says what the JSON report says, and nothing that is not known."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from pydicom import dcmread
from tests.io.make import phantom, write_enhanced
from tests.sr.made import (
    MODEL,
    PHYSICS,
    STUDY,
    codes_of,
    items_of,
    numbers_of,
    scored,
    texts_of,
    write_slice,
    write_study,
)

from ctiqa.io.dicom.writing.content import file_bytes
from ctiqa.score.report.as_json import report_as_dict
from ctiqa.score.verdict import WORDS
from ctiqa.sr import codes, structured_report
from ctiqa.types import Results


def test_every_number_is_that_of_the_json_report(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path, CTDIvol=12.5))
    facts = report_as_dict(Results(MODEL, (verdict,), ()))["scans"][0]
    physics = facts["physics"]
    assert numbers_of(structured_report(verdict, MODEL)) == [
        ("99CTIQA", "score", "{0:4}", facts["score"]),
        ("99CTIQA", "score-low", "{0:4}", facts["interval"][0]),
        ("99CTIQA", "score-high", "{0:4}", facts["interval"][1]),
        ("DCM", "111029", "{0:100}", 25 * facts["score"]),
        ("99CTIQA", "eq-noise", "[hnsf'U]", facts["equivalent_noise_hu"]),
        ("99CTIQA", "eq-noise-low", "[hnsf'U]", facts["equivalent_noise_interval"][0]),
        ("99CTIQA", "eq-noise-high", "[hnsf'U]", facts["equivalent_noise_interval"][1]),
        ("99CTIQA", "reserve", "1", facts["dose_reserve"]),
        ("99CTIQA", "reserve-low", "1", facts["dose_reserve_interval"][0]),
        ("99CTIQA", "reserve-high", "1", facts["dose_reserve_interval"][1]),
        ("DCM", "112031", "[hnsf'U]", physics["noise_hu"]),
        ("99CTIQA", "f50", "/mm", physics["f50_per_mm"]),
        ("DCM", "113980", "mm", physics["water_equivalent_diameter_mm"]),
        ("DCM", "113830", "mGy", facts["acquisition"]["ctdivol_mgy"][0]),
        ("DCM", "113930", "mGy", physics["ssde_mgy"]),
        ("99CTIQA", "judged", "{slices}", facts["n_judged"]),
        ("99CTIQA", "unjudged", "{slices}", 0),
        ("99CTIQA", "slices", "{slices}", 3),
        ("99CTIQA", "slices", "{slices}", 3),
    ]


def test_what_is_unknown_is_left_out(tmp_path: Path) -> None:
    nothing = {"equivalent_noise_hu": None, "equivalent_noise_interval": None, "physics": None}
    verdict = scored(write_study(tmp_path), **nothing, region=None, findings=())
    found = [name for _, name, _, _ in numbers_of(structured_report(verdict, MODEL))]
    assert found == ["score", "score-low", "score-high", "111029", "judged", "unjudged"]


def test_ctdivol_that_varies_is_stated_as_least_and_most(tmp_path: Path) -> None:
    for index, dose in enumerate((10.0, 12.0, 11.0)):
        write_slice(tmp_path / f"{index}.dcm", index, CTDIvol=dose)
    report = structured_report(scored(tmp_path), MODEL)
    doses = [
        (float(item.MeasuredValueSequence[0].NumericValue), derived)
        for item in items_of(report, "NUM")
        if item.ConceptNameCodeSequence[0].CodeValue == codes.CTDIVOL.value
        for derived in codes_of(item, "121401")
    ]
    assert doses == [(10.0, codes.MINIMUM.value), (12.0, codes.MAXIMUM.value)]


def test_it_is_complete_preliminary_and_not_verified(tmp_path: Path) -> None:
    report = structured_report(scored(write_study(tmp_path)), MODEL)
    flags = (report.CompletionFlag, report.PreliminaryFlag, report.VerificationFlag)
    assert flags == ("COMPLETE", "PRELIMINARY", "UNVERIFIED")
    assert report.SOPClassUID.name == "Comprehensive SR Storage"
    (scheme,) = report.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == codes.SCHEME
    assert any("research use only" in text for text in texts_of(report))
    assert any(f"model: {MODEL['name']} {MODEL['version']}" in text for text in texts_of(report))
    assert any(str(MODEL["sha256"]) in text for text in texts_of(report))


def test_it_belongs_to_the_study_of_its_images(tmp_path: Path) -> None:
    report = structured_report(scored(write_study(tmp_path)), MODEL)
    for keyword, value in (STUDY | {"SpecificCharacterSet": "ISO_IR 192"}).items():
        assert report[keyword].value == (18005 if keyword == "SeriesNumber" else value), keyword


def test_all_images_are_evidence_and_three_are_shown(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path, 5), [3.0, 1.0, 2.0, None, 3.5])
    report = structured_report(verdict, MODEL)
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    found = [each.ReferencedSOPInstanceUID for each in series.ReferencedSOPSequence]
    assert sorted(found) == sorted(str(each.header.source.instance_uid) for each in verdict.slices)
    shown = [
        (item.ConceptNameCodeSequence[0].CodeValue, item.ReferencedSOPSequence[0])
        for item in items_of(report, "IMAGE")
    ]
    uids = [each.header.source.instance_uid for each in verdict.slices]
    assert [(name, uids.index(item.ReferencedSOPInstanceUID)) for name, item in shown] == [
        ("best", 4),
        ("median", 2),
        ("worst", 1),
    ]


def test_frames_of_one_file_are_one_object(tmp_path: Path) -> None:
    frames = [phantom(seed=k) for k in range(3)]
    file = write_enhanced(tmp_path / "a.dcm", frames, slopes=[1, 1, 1], z_mm=[0, 7, 14])
    enhanced = dcmread(file)
    enhanced.StudyInstanceUID = "1.2.3"
    enhanced.save_as(file)
    report = structured_report(scored(tmp_path, [1.0, 2.0, 3.0]), MODEL)
    (series,) = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(series.ReferencedSOPSequence) == 1
    numbers = [
        item.ReferencedSOPSequence[0].ReferencedFrameNumber for item in items_of(report, "IMAGE")
    ]
    assert numbers == [3, 2, 1]


@pytest.mark.parametrize(("score", "word"), list(enumerate(WORDS)))
def test_its_word_is_that_of_other_reports(tmp_path: Path, score: int, word: str) -> None:
    verdict = scored(write_study(tmp_path, 1), [float(score)])
    report = structured_report(verdict, MODEL)
    assert codes_of(report, codes.QUALITY.value) == [codes.QUALITY_WORDS[word].value]


def test_a_sharp_kernel_has_a_number_and_no_word(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path), findings=("sharp kernel",))
    report = structured_report(verdict, MODEL)
    assert codes_of(report, codes.QUALITY.value) == []
    assert codes_of(report, codes.FINDING.value) == ["sharp-kernel"]
    assert "score" in [name for _, name, _, _ in numbers_of(report)]
    assert "reserve" not in [name for _, name, _, _ in numbers_of(report)]
    assert any("compare within this kernel only" in text for text in texts_of(report))


def test_a_scan_without_score_says_so_and_why(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path), [None, None, None])
    report = structured_report(verdict, MODEL)
    assert numbers_of(report) == [
        ("99CTIQA", "judged", "{slices}", 0),
        ("99CTIQA", "unjudged", "{slices}", 3),
        ("99CTIQA", "slices", "{slices}", 3),
    ]
    assert codes_of(report, codes.UNSCORED.value) == ["air"]
    assert codes_of(report, codes.QUALITY.value) == []
    texts = " ".join(texts_of(report))
    assert "not scored" in texts
    assert "no body in the slice" in texts


def test_regions_findings_and_notes_have_numbers_of_slices(tmp_path: Path) -> None:
    verdict = scored(write_study(tmp_path), [3.0, 2.5, None])
    lossy = [replace(each, flags=(*each.flags, "lossy")) for each in verdict.slices[:2]]
    verdict = replace(verdict, slices=(*lossy, verdict.slices[2]), flags=("lossy", "air"))
    counted = {
        (name.CodeValue, item.ConceptCodeSequence[0].CodeValue): numbers_of(item)[0][-1]
        for item in items_of(structured_report(verdict, MODEL), "CODE")
        for name in item.ConceptNameCodeSequence
        if "ContentSequence" in item
    }
    assert counted == {
        ("body-region", codes.REGIONS["chest"].value): 2,
        ("finding", "metal"): 2,
        ("flag", "lossy"): 2,
        ("not-scored", "air"): 1,
    }


def test_a_dose_that_no_dose_makes_good_is_said_in_words(tmp_path: Path) -> None:
    hopeless = replace(PHYSICS, quantum_noise_hu=0.01)
    verdict = scored(write_study(tmp_path), [1.0, 1.0, 1.0], physics=hopeless)
    assert verdict.dose_reserve == float("inf")
    report = structured_report(verdict, MODEL)
    assert not any("reserve" in name for _, name, _, _ in numbers_of(report))
    assert any("no dose would make it" in text for text in texts_of(report))


def test_long_names_of_a_model_are_cut(tmp_path: Path) -> None:
    names = ("a very long name of a finding " * 4, "ü")
    report = structured_report(scored(write_study(tmp_path), findings=names), MODEL)
    meanings = [
        item.ConceptCodeSequence[0].CodeMeaning
        for item in items_of(report, "CODE")
        if item.ConceptNameCodeSequence[0].CodeValue == codes.FINDING.value
    ]
    assert meanings[0].startswith("A very long name")
    assert len(meanings[0]) == 64
    assert meanings[1] == "Ü"


def test_warnings_of_the_series_are_in_it(tmp_path: Path) -> None:
    verdict = replace(scored(write_study(tmp_path)), warnings=("2 of 5 slices could not be read",))
    assert "2 of 5 slices could not be read" in texts_of(structured_report(verdict, MODEL))


def test_calibration_is_part_of_the_algorithm(tmp_path: Path) -> None:
    local = {"name": "own", "sha256": "cd" * 32, "readers": 2, "cases": 24}
    report = structured_report(scored(write_study(tmp_path)), MODEL | {"calibration": local})
    assert any("2 local readers, by 24 cases" in text for text in texts_of(report))


@pytest.mark.skipif(which("dsrdump") is None, reason="needs dsrdump (Debian package dcmtk)")
def test_dcmtk_reads_it(tmp_path: Path) -> None:
    report = structured_report(scored(write_study(tmp_path / "in")), MODEL)
    (tmp_path / "sr.dcm").write_bytes(file_bytes(report))
    done = subprocess.run(["dsrdump", tmp_path / "sr.dcm"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Image quality score" in done.stdout
