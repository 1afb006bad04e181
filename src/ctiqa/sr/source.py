"""The series that a report is about, read again from the headers of its files.

What is read here goes into headers of DICOM files and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.header import CHANGED, DicomFile, parse
from ctiqa.io.dicom.tags import Tags
from ctiqa.io.dicom.writing.content import further_elements
from ctiqa.io.dicom.writing.study import study_of
from ctiqa.io.dicom.writing.trial import TRIAL, keep_complete_trial
from ctiqa.io.dicom.writing.values import is_uid
from ctiqa.io.silence import foreign
from ctiqa.types import ScanScore

ONE_PATIENT = ("PatientID", "PatientName", "StudyInstanceUID")
"""Elements that all images of a report must have in common."""

PADDING = " \0^="
"""Characters at the end of a name or number that mean nothing."""


class Instance(NamedTuple):
    """One image object of the series.

    Attributes:
        uid: SOP instance UID.
        sop_class: SOP class UID.
    """

    uid: str
    sop_class: str


@dataclass(frozen=True, slots=True)
class Source:
    """The series of a scan.

    Attributes:
        study: Patient and study, in UTF-8.
        series_uid: Series instance UID.
        series_number: Series number; 0 if unknown.
        instances: Its image objects in the order of their UIDs, whatever the order of the files.
    """

    study: Dataset
    series_uid: str
    series_number: int
    instances: tuple[Instance, ...]


class _Read(NamedTuple):
    """What one file says."""

    instance: Instance
    series_uid: str
    identity: tuple[str, ...]
    path: Path


def source_of(verdict: ScanScore) -> Source:
    """Read the headers of a scan again.

    Of every file only the elements that identify patient, study and image are read.

    Args:
        verdict: The scan.

    Raises:
        RefusedError: If the scan is not DICOM, a file cannot be read or was replaced, lacks a UID,
            or the files are not all of one patient, study and series.
    """
    slices = [each.header.source for each in verdict.slices]
    others = {each.format for each in slices if each.format != "dicom"}
    if others or not slices:
        raise RefusedError(
            Reason.UNKNOWN_FORMAT,
            f"the images are not DICOM ({', '.join(sorted(filter(None, others))) or 'unknown'}), "
            "so that there is no study for a report; score the original DICOM images",
        )
    scored = {each.file: each.instance_uid for each in slices}
    found = sorted(_read(path, uid) for path, uid in scored.items())
    _check_one_patient(found)
    first = parse(found[0].path)
    study = study_of(first, ("SeriesNumber", *TRIAL))
    keep_complete_trial(study)
    number = Tags(study).integer("SeriesNumber") or 0
    study.pop("SeriesNumber", None)
    return Source(
        study=study,
        series_uid=found[0].series_uid,
        series_number=number,
        instances=tuple(dict.fromkeys(each.instance for each in found)),
    )


def _read(path: Path, scored_uid: str | None) -> _Read:
    """What a file says of patient, study and itself.

    Args:
        path: The file.
        scored_uid: The UID that it had when it was scored.
    """
    file = parse(path)
    tags = Tags(file.dataset)
    instance, series = tags.text("SOPInstanceUID"), tags.text("SeriesInstanceUID")
    if tags.uid("SOPInstanceUID") != scored_uid:
        raise RefusedError(Reason.CORRUPT, CHANGED)
    if not is_uid(instance or "") or not is_uid(series or ""):
        raise RefusedError(
            Reason.CORRUPT,
            "a file has no valid SOPInstanceUID or SeriesInstanceUID, so that no report can refer "
            "to it; export the series again",
        )
    sop_class = file.sop_class if is_uid(file.sop_class) else CTImageStorage
    return _Read(Instance(str(instance), str(sop_class)), str(series), _identity(file), path)


def _identity(file: DicomFile) -> tuple[str, ...]:
    found = further_elements(file, [*ONE_PATIENT, "SpecificCharacterSet"])
    with foreign("patient and study in the DICOM header"):
        found.decode()
        return tuple(str(found.get(keyword, "")).rstrip(PADDING) for keyword in ONE_PATIENT)


def _check_one_patient(found: Sequence[_Read]) -> None:
    """Refuse images of several patients, studies or series; no value is quoted."""
    differing = [
        keyword
        for place, keyword in enumerate(ONE_PATIENT)
        if _differ(each.identity[place] for each in found)
    ]
    if _differ(each.series_uid for each in found):
        differing.append("SeriesInstanceUID")
    if differing:
        raise RefusedError(
            Reason.CORRUPT,
            f"the images of the series differ in {', '.join(differing)}, so that a report could "
            "reach the wrong patient; correct the headers",
        )


def _differ(values: Iterable[str]) -> bool:
    return len(set(values)) > 1
