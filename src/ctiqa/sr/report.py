"""The structured report: Comprehensive SR after TID 1500, "Measurement Report" (DICOM PS3.16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from highdicom.sr import ComprehensiveSR, MeasurementReport
from pydicom.dataset import Dataset

from ctiqa.io.silence import foreign, silent
from ctiqa.sr import codes
from ctiqa.sr.content import measurement_report
from ctiqa.sr.sealing import PLACEHOLDER, describe_series, seal
from ctiqa.sr.source import Instance, Source, source_of
from ctiqa.types import ScanScore

SERIES_DESCRIPTION = "CT image quality (ctiqa, research use only)"

SERIES_OFFSET = 18000
"""Added to the series number of the source, so that reports come after the images."""

OF_THE_RUN = (
    "InstanceCreationDate",
    "InstanceCreationTime",
    "ContributingEquipmentSequence",
    "PertinentOtherEvidenceSequence",
)
"""Attributes that highdicom adds and that differ between equal reports, or do not fit."""


def structured_report(
    verdict: ScanScore,
    model: Mapping[str, Any],
    *,
    created: datetime | None = None,
    source: Source | None = None,
) -> Dataset:
    """The result of a scan as a structured report in the study of its images.

    The report is complete, preliminary and not verified: no person has looked at it. A scan on
    which the model abstains gets a report that says so and why, without a score.

    Args:
        verdict: The scan, of DICOM files that are still where they were.
        model: Facts of the model, as in a report of ctiqa.
        created: Content date and time; ``None`` is the time of the study. It is no part of the UID.
        source: What :func:`ctiqa.sr.source.source_of` returns, if it has been read already.

    Returns:
        The object, with its file meta information.

    Raises:
        RefusedError: If the scan is not DICOM, a file cannot be read, or the files are not all of
            one patient, study and series.

    >>> from pathlib import Path
    >>> import ctiqa
    >>> example = Path(ctiqa.__file__).parent / "assets" / "example"
    >>> scorer = ctiqa.Scorer(jobs=1)
    >>> report = structured_report(scorer.score(example), scorer.facts)
    >>> report.Modality, report.VerificationFlag, report.PreliminaryFlag
    ('SR', 'UNVERIFIED', 'PRELIMINARY')
    """
    source = source or source_of(verdict)
    with silent():
        report = _document(measurement_report(verdict, model, source), source)
    # What the images say of their patient may be anything.
    with foreign("the DICOM header of the source"):
        _inherit(report, source)
        _refer(report, source)
        describe_series(report, source, model, kind="sr", offset=SERIES_OFFSET)
        report.SeriesDescription = SERIES_DESCRIPTION
        report.CodingSchemeIdentificationSequence = [_scheme()]
        seal(report, source, model, created)
    return report


def _document(content: MeasurementReport, source: Source) -> Dataset:
    """The document, not yet of any patient."""
    return ComprehensiveSR(
        evidence=[_evidence(each, source) for each in source.instances],
        content=content,
        series_instance_uid=PLACEHOLDER,
        series_number=1,
        sop_instance_uid=PLACEHOLDER,
        instance_number=1,
        manufacturer="ctiqa",
        is_complete=True,
        is_final=False,
        is_verified=False,
    )


def _evidence(instance: Instance, source: Source) -> Dataset:
    """An image as highdicom expects it; patient and study are set afterwards."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = instance.sop_class, instance.uid
    image.StudyInstanceUID = source.study.StudyInstanceUID
    image.SeriesInstanceUID = source.series_uid
    for keyword in ("PatientID", "PatientName", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(image, keyword, "")
    image.PatientBirthDate = image.StudyDate = image.StudyTime = None
    return image


def _inherit(report: Dataset, source: Source) -> None:
    """Set patient and study as the images have them."""
    for element in source.study:
        report[element.tag] = element
    for keyword in OF_THE_RUN:
        if keyword in report:
            delattr(report, keyword)


def _refer(report: Dataset, source: Source) -> None:
    """Name all images as evidence, not only those that the content refers to."""
    study, series = Dataset(), Dataset()
    series.ReferencedSOPSequence = [reference(each) for each in source.instances]
    series.SeriesInstanceUID = source.series_uid
    study.ReferencedSeriesSequence = [series]
    study.StudyInstanceUID = source.study.StudyInstanceUID
    report.CurrentRequestedProcedureEvidenceSequence = [study]


def reference(instance: Instance) -> Dataset:
    """An image as an item of a sequence of references."""
    item = Dataset()
    item.ReferencedSOPClassUID = instance.sop_class
    item.ReferencedSOPInstanceUID = instance.uid
    return item


def _scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = codes.SCHEME
    item.CodingSchemeName = "Measurements of ctiqa"
    item.CodingSchemeVersion = codes.SCHEME_VERSION
    item.CodingSchemeResponsibleOrganization = "ctiqa"
    return item
