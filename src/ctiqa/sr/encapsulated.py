"""The report as PDF in a DICOM object, for viewers that do not show structured reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from ctiqa.io.dicom.writing.codes import Code, code_item
from ctiqa.io.silence import foreign
from ctiqa.sr import codes
from ctiqa.sr.page.document import report_as_pdf
from ctiqa.sr.report import SERIES_DESCRIPTION, reference
from ctiqa.sr.sealing import describe_series, seal
from ctiqa.sr.source import Source, source_of
from ctiqa.types import ScanScore

PDF_OFFSET = 27000
"""Added to the series number of the source, so that the PDF comes after the structured report."""

TITLE: Code = (codes.REPORT.value, codes.REPORT.meaning)


def encapsulated_pdf(
    verdict: ScanScore,
    model: Mapping[str, Any],
    *,
    created: datetime | None = None,
    source: Source | None = None,
) -> Dataset:
    """The result of a scan as an encapsulated PDF in the study of its images.

    The header says whose images these are; the pages do not name the patient.

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
    >>> report = encapsulated_pdf(scorer.score(example / "05.dcm"), scorer.facts)
    >>> report.Modality, report.EncapsulatedDocument[:5]
    ('DOC', b'%PDF-')
    """
    source = source or source_of(verdict)
    page = report_as_pdf(verdict, model, source.series_uid)
    with foreign("the DICOM header of the source"):
        document = Dataset()
        for element in source.study:
            document[element.tag] = element
        document.SOPClassUID = EncapsulatedPDFStorage
        document.Modality = "DOC"
        document.ConversionType = "WSD"
        document.SeriesDescription = SERIES_DESCRIPTION
        describe_series(document, source, model, kind="pdf", offset=PDF_OFFSET)
        document.AcquisitionDateTime = ""
        document.BurnedInAnnotation = "NO"
        document.DocumentTitle = "CT image quality"
        document.VerificationFlag = "UNVERIFIED"
        document.ConceptNameCodeSequence = [code_item(TITLE)]
        document.SourceInstanceSequence = [reference(each) for each in source.instances]
        _hold(document, page)
        seal(document, source, model, created)
    return document


def _hold(document: Dataset, page: bytes) -> None:
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocument = page + b"\0" * (len(page) % 2)
    document.EncapsulatedDocumentLength = len(page)
