"""Patient and study of a source, for objects that belong to the same study in an archive.

No reader of images reads who the patient is. What this module returns goes into headers of DICOM
files and nowhere else: not into file names, messages, pictures, pages or reports.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.config import RAISE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import validate_value

from ctiqa.errors import Reason, RefusedError
from ctiqa.io.dicom.header import DicomFile
from ctiqa.io.dicom.writing.content import further_elements
from ctiqa.io.dicom.writing.values import is_uid
from ctiqa.io.silence import foreign

BLANK = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
"""Attributes of patient and study that are required but may be empty (PS3.3, type 2)."""

COPIED = (
    *BLANK,
    "StudyInstanceUID",
    "StudyDescription",
    "IssuerOfPatientID",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)
"""Attributes copied as they are, so that an archive finds the same patient and study."""

CHECKED = frozenset({"CS", "DA", "DS", "IS", "TM", "UI"})
"""Value representations with rules; values that break them are left out. Names and other free texts
are copied whatever they contain."""

PUNCTUATION = {"DA": ".", "TM": ":"}
"""Separators in dates and times of the predecessor of DICOM, by value representation."""


def study_of(file: DicomFile, further: Sequence[str] = ()) -> Dataset:
    """What a new object has in common with its source: patient and study.

    Values that break the rules of their representation are left out.

    Args:
        file: The parsed source.
        further: Keywords of other attributes to copy.

    Returns:
        The attributes, in UTF-8; those that are required but unknown are empty.

    Raises:
        RefusedError: If the header cannot be read, or names no study.
    """
    keywords = (*COPIED, *further)
    found = further_elements(file, [*keywords, "SpecificCharacterSet"])
    with foreign("patient and study in the DICOM header"):
        found.decode()
        study = Dataset()
        # First, because it determines the encoding of the following text.
        study.SpecificCharacterSet = "ISO_IR 192"
        for keyword in keywords:
            if keyword in found and _is_allowed(element := _modern(found[keyword])):
                study[keyword] = element
        for keyword in BLANK:
            study.setdefault(keyword, "")
        _state_method(study)
    if not is_uid(str(study.get("StudyInstanceUID", ""))):
        raise RefusedError(Reason.CORRUPT, "the file names no study (StudyInstanceUID)")
    return study


def _modern(element: DataElement) -> DataElement:
    """An element without the separators that dates and times once had."""
    if element.VR in PUNCTUATION and isinstance(element.value, str):
        return DataElement(
            element.tag, element.VR, element.value.replace(PUNCTUATION[element.VR], "")
        )
    return element


def _is_allowed(element: DataElement) -> bool:
    """Whether an element has a value, and the representation that the standard demands."""
    if element.is_empty or dictionary_VR(element.tag) != element.VR:
        return False
    values = element.value if element.VM > 1 else [element.value]
    try:
        for value in values if element.VR in CHECKED else ():
            validate_value(element.VR, str(value), RAISE)
    except ValueError:
        return False
    return True


def _state_method(study: Dataset) -> None:
    """A removed identity requires a method, which not every source states."""
    stated = {"DeidentificationMethod", "DeidentificationMethodCodeSequence"} & {*study.dir()}
    if study.get("PatientIdentityRemoved") == "YES" and not stated:
        study.DeidentificationMethod = "not stated by the source image"
