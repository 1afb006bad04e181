"""Whatever stands in a header, no output names the patient or steers what shows it."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pydicom
import pytest
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from rich.console import Console
from tests.score.made import phantom, write_dicom

from ctiqa.cli.console.tables import score as score_table
from ctiqa.errors import CtiqaError
from ctiqa.score import Scorer
from ctiqa.score.report.outputs import FORMATS
from ctiqa.score.report.report import Report

NAME = "Planted^Zachary"
"""Stands where the patient is named; no output may hold a part of it."""

IDENTITY = (
    *("PatientName", "PatientID", "OtherPatientNames", "PatientBirthName", "PatientComments"),
    *("PatientMotherBirthName", "ReferringPhysicianName", "OperatorsName", "InstitutionName"),
    *("StudyDescription", "SeriesDescription", "ProtocolName", "AccessionNumber", "StudyID"),
    *("ImageComments", "RequestedProcedureDescription", "StationName", "DeviceSerialNumber"),
)

SHOWN = {
    "Manufacturer": "LO",
    "ManufacturerModelName": "LO",
    "BodyPartExamined": "CS",
    "ConvolutionKernel": "SH",
    "SeriesInstanceUID": "UI",
    "SOPInstanceUID": "UI",
    "ImageType": "CS",
    "KVP": "DS",
    "Exposure": "IS",
    "XRayTubeCurrent": "IS",
    "CTDIvol": "FD",
    "SliceThickness": "DS",
    "GantryDetectorTilt": "DS",
    "LossyImageCompressionRatio": "DS",
    "RescaleType": "LO",
    "Modality": "CS",
    "PixelSpacing": "DS",
    "ImagePositionPatient": "DS",
    "FrameOfReferenceUID": "UI",
}
"""Every tag that reaches an output, or a message that says why a file is refused."""

HOSTILE = "a\x1b[2J\x1b]0;x\x07\x00\u202e\u2066b\x9bc\r\n=cmd|' /C calc'!A0"


def named() -> Dataset:
    item = Dataset()
    item.PatientName = NAME
    item.PatientID = NAME
    return item


def values(own: str) -> Iterator[tuple[str, str, bytes | Items]]:
    """Kind of fault, value representation, and value; texts as the bytes that stand in the file."""
    name, hostile = NAME.encode(), HOSTILE.encode()
    yield "sequence", "SQ", Items([named(), named()])
    yield "empty sequence", "SQ", Items([])
    yield "person", "PN", name
    yield "bytes of unknown kind", "UN", name
    yield "other bytes", "OB", name
    yield "other words", "OW", name
    yield "unlimited text", "UT", name * 10
    yield "long text", "LT", name
    yield "date", "DA", name
    yield "numbers", "FD", struct.pack("<3d", 1.0, 2.0, 3.0)
    yield "half a number", "FD", b"\1\2\3"
    yield "attribute tags", "AT", struct.pack("<4H", 0x10, 0x10, 0x10, 0x20)
    yield "escapes", "LO", hostile
    yield "endless", own, b"x" * 10_000
    yield "endless in another kind", "LT", b"x" * 10_000
    yield "no text", own, b"\xff\xfe\x1b[31m\x00" + b"\xe9" * 20
    yield "no text of unknown kind", "UN", b"\xff\xfe\x1b[31m\x00" + b"\xe9" * 20
    yield "many values", own, b"\\".join([b"y\x1b[2J"] * 200)
    yield "its own kind, hostile", own, hostile
    yield "nothing", own, b""


def plant(path: Path, keyword: str, vr: str, value: bytes | Items, index: int = 0) -> Path:
    """A slice whose patient is named everywhere, and one of whose tags is hostile."""
    identity: dict[str, Any] = dict.fromkeys(IDENTITY, NAME)
    write_dicom(path, phantom(2.0 * index), index, PatientBirthDate="19010203", **identity)
    data = pydicom.dcmread(path)
    tag = Tag(keyword)
    if isinstance(value, bytes):
        even = value + b" " * (len(value) % 2)
        data._dict[tag] = RawDataElement(tag, vr, len(even), even, 0, False, True)
    else:
        data[tag] = DataElement(tag, vr, value)
    data.save_as(path, enforce_file_format=False)
    return path


def outputs(report: Report, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Everything that a run can show, by kind."""
    written = {suffix: each.render(report) for suffix, each in FORMATS.items()}
    score_table.print_report(report)
    table = polars.read_parquet(written.pop(".parquet"))
    texts = {kind: data.decode() for kind, data in written.items()}
    cells = [str(cell) for row in csv.reader(io.StringIO(texts[".csv"])) for cell in row]
    json.loads(texts[".json"])
    return {
        **texts,
        "cells": "\n".join(cells),
        "parquet": "\n".join(str(cell) for row in table.rows() for cell in row),
        "terminal": capsys.readouterr().out,
    }


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_table, "Console", lambda **_: Console(no_color=True, width=200))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("keyword", "own"), SHOWN.items(), ids=SHOWN)
def test_no_output_names_the_patient_or_obeys_the_file(
    scorer: Scorer, tmp_path: Path, capsys: pytest.CaptureFixture[str], keyword: str, own: str
) -> None:
    cases = list(values(own))
    for index, (kind, vr, value) in enumerate(cases):
        plant(tmp_path / f"{kind}.dcm", keyword, vr, value, index)
    report = scorer.score_paths([tmp_path])
    assert sum(len(scan.slices) for scan in report.scans) + len(report.skipped) == len(cases)
    shown = outputs(report, capsys)
    for where, text in shown.items():
        for part in ("planted", "zachary", "19010203"):
            found = re.search(f".*{part}.*", text, re.IGNORECASE)
            assert found is None, (where, found[0])
        assert text.replace("\n", "").replace("\r", "").isprintable(), where
        # An element of ten thousand characters is no name of anything.
        assert "x" * 200 not in text, where
    for row in csv.reader(io.StringIO(shown[".csv"])):
        assert not any(re.match(r"\s*[=+@]", cell) for cell in row)


def test_messages_of_errors_are_fit_to_be_shown(scorer: Scorer, tmp_path: Path) -> None:
    file = plant(tmp_path / "a.dcm", "Modality", "CS", b"MR\x1b[2J")
    with pytest.raises(CtiqaError, match="must be CT") as caught:
        scorer.score(file)
    assert str(caught.value).isprintable()


def test_arrays_and_volumes_name_no_patient(
    scorer: Scorer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hu = np.stack([phantom(10.0 * index) for index in range(3)]).astype(np.int16)
    np.savez(tmp_path / "a.npz", hu=hu, patient=np.array([NAME]))
    for text in outputs(scorer.score_paths([tmp_path]), capsys).values():
        assert "planted" not in text.lower()
