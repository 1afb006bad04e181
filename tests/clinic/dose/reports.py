"""Dose reports made for the tests: TID 10011 with one TID 10013 for each event."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"
HEAD, BODY = "113690", "113691"
STUDY = "1.2.826.0.1.77"


def coded(value: str, scheme: str = "DCM", meaning: str = "meaning") -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def item(kind: str, code: str, **elements: Any) -> Dataset:
    found = Dataset()
    found.RelationshipType, found.ValueType = "CONTAINS", kind
    found.ConceptNameCodeSequence = [coded(code)]
    for name, value in elements.items():
        setattr(found, name, value)
    return found


def container(code: str, *items: Dataset) -> Dataset:
    return item("CONTAINER", code, ContinuityOfContent="SEPARATE", ContentSequence=list(items))


def number(code: str, value: str, unit: str) -> Dataset:
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [coded(unit, "UCUM")]
    return item("NUM", code, MeasuredValueSequence=[measured])


def acquisition(
    event: str | None,
    ctdivol: str | None = "8.2",
    dlp: str | None = "287.4",
    *,
    unit: str = "mGy",
    dlp_unit: str = "mGy.cm",
    phantom: str | None = BODY,
    more: Sequence[Dataset] = (),
) -> Dataset:
    """One irradiation event."""
    dose = []
    if ctdivol is not None:
        dose.append(number("113830", ctdivol, unit))
    if phantom is not None:
        dose.append(item("CODE", "113835", ConceptCodeSequence=[coded(phantom)]))
    if dlp is not None:
        dose.append(number("113838", dlp, dlp_unit))
    parameters = [
        number("113825", "350.5", "mm"),
        number("113828", "1.2", "{ratio}"),
        container("113831", number("113733", "120", "kV"), number("113734", "210", "mA")),
    ]
    uid = [] if event is None else [item("UIDREF", "113769", UID=event)]
    return container(
        "113819",
        item("TEXT", "125203", TextValue="Doe^Jane Thorax"),
        *uid,
        container("113822", *parameters),
        container("113829", *dose),
        *more,
    )


def report(*items: Dataset, root: str = "113701", study: str | None = STUDY) -> Dataset:
    """A whole report."""
    found = container(root, *items)
    del found.RelationshipType
    found.SOPClassUID, found.SOPInstanceUID = DOSE_SR, "1.2.826.0.1.78"
    if study is not None:
        found.StudyInstanceUID = study
    found.SeriesInstanceUID, found.Modality = "1.2.826.0.1.79", "SR"
    found.PatientName, found.PatientID = "Doe^Jane", "4711-12"
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    return found


def write(dataset: Dataset, file: Path) -> Path:
    dataset.save_as(file, enforce_file_format=True)
    return file
